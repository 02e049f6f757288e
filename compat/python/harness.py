"""What every example shares: settings, checks, members made without an SDK, listeners, and one JSON line a result.

Names of channels, groups and users are fresh in each run, so that a run neither disturbs nor believes an earlier one.
"""

import asyncio
import faulthandler
import inspect
import json
import os
import queue
import secrets
import time
import urllib.parse
import urllib.request
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Callable, NamedTuple

from pubnub.callbacks import SubscribeCallback
from pubnub.enums import PNStatusCategory

SDK_VERSION = version("pubnub")

# The newest SDK takes options that the last MIT one does not know.
IS_NEWEST = int(SDK_VERSION.split(".")[0]) >= 10

# Every wait ends: an answer takes milliseconds, an event at most a presence timeout of 5 seconds.
WITHIN_SECONDS = 10

# The longest that an example with several waits may take.
LIMIT_SECONDS = 4 * WITHIN_SECONDS

# Ends a run in which an SDK itself never returns, and shows where. An example may wait for a token of one minute.
HANGS_AFTER_SECONDS = 90


class Keys(NamedTuple):
    subscribe: str
    publish: str
    # Whoever has it signs what it asks, and may do everything.
    secret: str = None


ORIGIN = os.environ["HEREABOUTS_ORIGIN"]
KEYS = Keys(os.environ["HEREABOUTS_SUBSCRIBE_KEY"], os.environ["HEREABOUTS_PUBLISH_KEY"])

# A key set that is in interval mode above 2 occupants, with an interval of 1 second and deltas on.
INTERVAL_KEYS = Keys(
    os.environ["HEREABOUTS_INTERVAL_SUBSCRIBE_KEY"], os.environ["HEREABOUTS_INTERVAL_PUBLISH_KEY"]
)

# A key set with access control: for those who need a token, and for those who grant one.
GUARDED_KEYS = Keys(os.environ["HEREABOUTS_GUARDED_SUBSCRIBE_KEY"], os.environ["HEREABOUTS_GUARDED_PUBLISH_KEY"])
ADMIN_KEYS = GUARDED_KEYS._replace(secret=os.environ["HEREABOUTS_GUARDED_SECRET_KEY"])


# ---------------------------------------------------------------------------------------------------------- examples


class Example(NamedTuple):
    name: str
    function: Callable
    begin: Callable = None


EXAMPLES = []


def example(name, when=True, begin=None):
    """Registers a function as the example `name`; `when` leaves it out for an SDK that has no such call.

    What takes longer than an example may is begun before all others: `begin` is called then, and the function, last of all,
    with what it returned.
    """

    def register(function):
        if when:
            EXAMPLES.append(Example(name, function, begin))
        return function

    return register


def in_asyncio(function):
    asyncio.run(asyncio.wait_for(function(), LIMIT_SECONDS))


def run_all(run_coroutine=in_asyncio):
    """Runs the examples in order, prints a line for each, and returns the exit code."""
    gaps = known_gaps()
    failures = 0
    for name, function in begun(EXAMPLES):
        faulthandler.dump_traceback_later(HANGS_AFTER_SECONDS, exit=True)
        try:
            if inspect.iscoroutinefunction(function):
                run_coroutine(function)
            else:
                function()
            failure = None
        except Exception as error:  # One broken example must not hide the others.
            failure = describe(error)
        result, detail = judge(failure, gaps.get(name))
        failures += result == "failed"
        line = {"sdk": "python", "version": SDK_VERSION, "example": name, "result": result, "detail": detail}
        print(json.dumps(line), flush=True)
    return 1 if failures else 0


def begun(examples):
    """The names and functions of examples, those last that had to be begun, which they are."""
    waiting = [(name, partial(waited_for, function, Begun(begin))) for name, function, begin in examples if begin]
    return [(name, function) for name, function, begin in examples if not begin] + waiting


class Begun:
    """What a function returned or raised."""

    def __init__(self, begin):
        self.result = self.error = None
        try:
            self.result = begin()
        except Exception as error:
            self.error = error


def waited_for(function, begun):
    if begun.error:
        raise begun.error
    function(begun.result)


def describe(error):
    try:
        return f"{type(error).__name__}: {error}"
    except AttributeError:  # Some exceptions of the last MIT SDK cannot be printed.
        return type(error).__name__


def judge(failure, gap):
    if gap is None:
        return ("failed", failure) if failure else ("ok", "")
    if failure is None:
        return "failed", "listed in known-gaps.toml, but it works: take it off the list"
    if gap["failure"] not in failure:
        return "failed", f"listed in known-gaps.toml, but it fails in another way: {failure}"
    return "known gap", gap["reason"]


def known_gaps():
    """The gaps of this SDK version, by example. The file is plain enough to be read without a TOML library."""
    gaps = []
    for line in (Path(__file__).parent.parent / "known-gaps.toml").read_text(encoding="utf-8").splitlines():
        if line == "[[gap]]":
            gaps.append({})
        elif line and not line.startswith("#"):
            key, value = line.split(" = ", 1)
            gaps[-1][key] = json.loads(value)
    return {gap["example"]: gap for gap in gaps if gap["sdk"] == "python" and SDK_VERSION in gap["versions"]}


# ------------------------------------------------------------------------------------------------------------ checks


def same(what, actual, expected):
    assert actual == expected, f"{what}: expected {expected!r}, got {actual!r}"


def succeeded(status, operation):
    """A status is a plain success of `operation`."""
    assert not status.is_error(), f"the status is an error: {status.error_data.information}"
    same("status code", status.status_code, 200)
    same("status category", status.category, PNStatusCategory.PNAcknowledgmentCategory)
    same("status operation", status.operation, operation)


def is_timetoken(value):
    assert isinstance(value, int), f"the timetoken should be an int: {value!r}"
    same("digits of the timetoken", len(str(value)), 17)
    is_recent("timetoken", value / 10_000_000)


def is_recent(what, seconds):
    assert abs(time.time() - seconds) < 2 * WITHIN_SECONDS, f"the {what} is far from now: {seconds!r}"


def here_now_fields(result):
    """A here-now result as plain values; the order of channels is not promised, the order of occupants is."""
    return {
        "total_channels": result.total_channels,
        "total_occupancy": result.total_occupancy,
        "channels": [
            {
                "channel_name": channel.channel_name,
                "occupancy": channel.occupancy,
                "occupants": channel.occupants and [(who.uuid, who.state) for who in channel.occupants],
            }
            for channel in sorted(result.channels, key=lambda channel: channel.channel_name)
        ],
    }


def presence_fields(event):
    """A presence event as plain values, without those that are None; times are checked against the clock."""
    assert isinstance(event.timestamp, int), f"the timestamp should be an int: {event.timestamp!r}"
    is_recent("timestamp", event.timestamp)
    is_timetoken(event.timetoken)
    names = ("event", "channel", "subscription", "uuid", "occupancy", "state", "join", "leave", "timeout")
    return {name: getattr(event, name) for name in names if getattr(event, name) is not None}


def message_fields(message):
    """A message or signal as plain values, without those that are None."""
    is_timetoken(message.timetoken)
    names = ("message", "channel", "subscription", "publisher", "user_metadata", "custom_message_type")
    return {name: getattr(message, name) for name in names if getattr(message, name, None) is not None}


# ------------------------------------------------------------------------------------- members made without an SDK


def fresh(name):
    return f"{name}_{secrets.token_hex(4)}"


def join(channel, *user_ids, seconds=60, state=None, keys=KEYS):
    """Makes users present by the heartbeat call, for as short a timeout as a test wants; SDKs have a minimum."""
    for user_id in user_ids:
        parameters = {"uuid": user_id, "heartbeat": seconds}
        if state is not None:
            parameters["state"] = json.dumps({channel: state})
        get(f"/v2/presence/sub-key/{keys.subscribe}/channel/{channel}/heartbeat", parameters)


def leave(channel, user_id, keys=KEYS):
    get(f"/v2/presence/sub-key/{keys.subscribe}/channel/{channel}/leave", {"uuid": user_id})


def occupants(channel, keys=KEYS):
    return get(f"/v2/presence/sub-key/{keys.subscribe}/channel/{channel}")["uuids"]


def make_group(group, *channels, keys=KEYS):
    path = f"/v1/channel-registration/sub-key/{keys.subscribe}/channel-group/{group}"
    get(path, {"add": ",".join(channels)})


def get(path, parameters=None):
    # A plus sign is a plus sign to the server, so a space must not be written as one.
    url = f"http://{ORIGIN}{path}?{urllib.parse.urlencode(parameters or {}, quote_via=urllib.parse.quote)}"
    with urllib.request.urlopen(url, timeout=WITHIN_SECONDS) as reply:
        return json.load(reply)


# --------------------------------------------------------------------------------------------------------- listeners


class Listener(SubscribeCallback):
    """Keeps what the SDK announces, by kind, until it is waited for."""

    make_queue = queue.Queue

    def __init__(self, pubnub):
        kinds = ("status", "presence", "message", "signal", "uuid", "channel", "membership")
        self._heard = {kind: self.make_queue() for kind in kinds}
        pubnub.add_listener(self)

    def status(self, pubnub, status):
        self._heard["status"].put_nowait(status)

    def presence(self, pubnub, presence):
        self._heard["presence"].put_nowait(presence)

    def message(self, pubnub, message):
        self._heard["message"].put_nowait(message)

    def signal(self, pubnub, signal):
        self._heard["signal"].put_nowait(signal)

    def uuid(self, pubnub, uuid):
        self._heard["uuid"].put_nowait(uuid)

    def channel(self, pubnub, channel):
        self._heard["channel"].put_nowait(channel)

    def membership(self, pubnub, membership):
        self._heard["membership"].put_nowait(membership)

    def wait_for(self, kind, wanted=lambda event: True, seconds=WITHIN_SECONDS):
        """The next announcement of a kind that is wanted; those before it are dropped."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                event = self._heard[kind].get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no such {kind} within {seconds} s") from None
            if wanted(event):
                return event

    def connected(self):
        return self.wait_for("status", is_connected)

    def presence_of(self, event, user_id):
        return self.wait_for("presence", lambda heard: (heard.event, heard.uuid) == (event, user_id))


class AsyncioListener(Listener):
    """The same, awaited."""

    make_queue = asyncio.Queue

    async def wait_for(self, kind, wanted=lambda event: True):
        async def next_wanted():
            while True:
                event = await self._heard[kind].get()
                if wanted(event):
                    return event

        try:
            return await asyncio.wait_for(next_wanted(), WITHIN_SECONDS)
        except asyncio.TimeoutError:
            raise AssertionError(f"no such {kind} within {WITHIN_SECONDS} s") from None


def is_connected(status):
    return status.category == PNStatusCategory.PNConnectedCategory
