"""Runs every example with the SDK installed in this interpreter: one JSON line each, exit code 1 if one failed."""

import logging
import sys

import harness

# In this order; importing a module registers its examples.
import presence_sync  # noqa: F401
import presence_callback  # noqa: F401
import presence_asyncio  # noqa: F401
import listener_callback  # noqa: F401
import listener_asyncio  # noqa: F401
import context_records  # noqa: F401
import context_memberships  # noqa: F401
import context_callback  # noqa: F401
import listener_context  # noqa: F401
import access_tokens  # noqa: F401
import access_calls  # noqa: F401
import access_keys  # noqa: F401
import over_tls  # noqa: F401

if __name__ == "__main__":
    # The SDK logs the end of each client as an error; what matters is in the result lines.
    logging.getLogger("pubnub").setLevel(logging.CRITICAL)
    sys.exit(harness.run_all())
