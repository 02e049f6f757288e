"""Runs every example for the SDK's last release with a Twisted style, installed in this interpreter."""

import logging
import sys

import harness
import twisted_clients

# In this order; importing a module registers its examples.
import presence_twisted  # noqa: F401
import listener_twisted  # noqa: F401

if __name__ == "__main__":
    logging.getLogger("pubnub").setLevel(logging.CRITICAL)
    sys.exit(twisted_clients.beside_reactor(lambda: harness.run_all(twisted_clients.in_reactor)))
