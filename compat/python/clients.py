"""Clients of each style of the SDK, closed when their example is over: synchronous with callbacks, and asyncio."""

import asyncio
import queue
import threading
from contextlib import asynccontextmanager, contextmanager
from typing import Callable, NamedTuple

from pubnub.pnconfiguration import PNConfiguration
from pubnub.pubnub import PubNub
from pubnub.pubnub_asyncio import PubNubAsyncio

from harness import KEYS, LIMIT_SECONDS, ORIGIN, WITHIN_SECONDS


def configuration(user_id, keys=KEYS):
    config = PNConfiguration()
    config.origin = ORIGIN
    config.ssl = False
    config.subscribe_key = keys.subscribe
    config.publish_key = keys.publish
    config.secret_key = keys.secret
    config.user_id = user_id
    config.daemon = True
    config.non_subscribe_request_timeout = WITHIN_SECONDS
    return config


def with_heartbeats(config, timeout_seconds=20, interval_seconds=1):
    config.enable_presence_heartbeat = True
    config.set_presence_timeout_with_custom_interval(timeout_seconds, interval_seconds)
    return config


@contextmanager
def client(user_id, keys=KEYS):
    with client_of(configuration(user_id, keys)) as pubnub:
        yield pubnub


@contextmanager
def client_of(config):
    pubnub = PubNub(config)
    try:
        yield pubnub
    finally:
        pubnub.stop()


@asynccontextmanager
async def asyncio_client(user_id, keys=KEYS):
    async with asyncio_client_of(configuration(user_id, keys)) as pubnub:
        yield pubnub


@asynccontextmanager
async def asyncio_client_of(config):
    pubnub = PubNubAsyncio(config)
    try:
        yield pubnub
    finally:
        await pubnub.stop()


class Answer:
    """The callback of a `.pn_async` call, and the place where its answer is waited for."""

    def __init__(self):
        self._answers = queue.Queue()

    def __call__(self, result, status):
        self._answers.put((result, status))

    def wait(self):
        try:
            return self._answers.get(timeout=WITHIN_SECONDS)
        except queue.Empty:
            raise AssertionError(f"the callback was not called within {WITHIN_SECONDS} s") from None


# ------------------------------------------------------------------------------- one text of an example for both styles


class Style(NamedTuple):
    """How an example that is written once gets its client; `ask` then makes the calls of that client."""

    name: str
    client: Callable


@contextmanager
def client_in_loop(user_id, keys=KEYS):
    """A `PubNubAsyncio` whose event loop runs beside the example, which only waits for it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def make():
        return PubNubAsyncio(configuration(user_id, keys))

    pubnub = wait_in(loop, make())
    try:
        yield pubnub
    finally:
        wait_in(loop, pubnub.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def wait_in(loop, coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(LIMIT_SECONDS)


def ask(call):
    """The envelope of a call: by `.sync()`, or by awaiting `.future()`. A refusal is an exception in either style."""
    if not isinstance(call.pubnub, PubNubAsyncio):
        return call.sync()
    envelope = wait_in(call.pubnub.event_loop, call.future())
    if envelope.is_error():
        raise envelope.value()
    return envelope


def subscribe(pubnub, *channels):
    """Subscribes, in the thread where the client belongs."""
    call = pubnub.subscribe().channels(list(channels))
    if not isinstance(pubnub, PubNubAsyncio):
        return call.execute()

    async def execute():
        call.execute()

    wait_in(pubnub.event_loop, execute())


SYNC = Style("sync", client)
CALLBACK = Style("callback", client)
ASYNCIO = Style("asyncio", client_in_loop)
