"""Clients of the SDK's Twisted style, whose last release predates Python 3: what it lacks there is put in place here.

The shim is on our side of the line. The SDK is used as its registry gives it.
"""

import io
import sys
import urllib.parse
from contextlib import contextmanager
from types import SimpleNamespace

# Two modules of Python 2 that the SDK imports. One has moved; what the other held was bytes.
sys.modules["urlparse"] = urllib.parse
sys.modules["StringIO"] = SimpleNamespace(StringIO=lambda text: io.BytesIO(text.encode()))

from twisted.internet import reactor, threads  # noqa: E402
from twisted.internet.defer import ensureDeferred  # noqa: E402
from twisted.web.client import Agent  # noqa: E402

from pubnub.pnconfiguration import PNConfiguration  # noqa: E402
from pubnub.pubnub_twisted import PubNubTwisted, PubNubTwistedException  # noqa: E402, F401

from harness import KEYS, LIMIT_SECONDS, ORIGIN, WITHIN_SECONDS, Listener  # noqa: E402

# What was text and bytes in one in Python 2 is text here, and Twisted takes bytes.
request_of_bytes = Agent.request


def request_of_text(agent, method, uri, *others):
    return request_of_bytes(agent, method.encode(), uri.encode(), *others)


Agent.request = request_of_text


@contextmanager
def client(user_id, keys=KEYS):
    """A client. It leaves its channels at the end; its `stop` would stop the reactor, which is that of all clients."""
    config = PNConfiguration()
    config.origin = ORIGIN
    config.subscribe_key = keys.subscribe
    config.publish_key = keys.publish
    config.uuid = user_id
    config.non_subscribe_request_timeout = WITHIN_SECONDS
    pubnub = PubNubTwisted(config)
    pubnub.start(skip_reactor=True)
    try:
        yield pubnub
    finally:
        pubnub.unsubscribe_all()


class TwistedListener(Listener):
    """A listener that is awaited while the reactor goes on."""

    def wait_for(self, *arguments, **options):
        return threads.deferToThread(super().wait_for, *arguments, **options)


def in_reactor(function):
    """Runs an example where its clients live, and waits for it beside."""

    def start():
        return ensureDeferred(function()).addTimeout(LIMIT_SECONDS, reactor)

    threads.blockingCallFromThread(reactor, start)


def beside_reactor(run):
    """The result of `run`, which runs in a thread while this one runs the reactor."""
    results = []

    def finish(result):
        results.append(result)
        reactor.stop()

    reactor.callWhenRunning(lambda: threads.deferToThread(run).addBoth(finish))
    reactor.run()
    return results[0]
