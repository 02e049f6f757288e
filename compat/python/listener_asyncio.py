"""The same events and effects heard through `PubNubAsyncio`: its newest version runs them on an event engine."""

from clients import asyncio_client, asyncio_client_of, configuration, with_heartbeats
from harness import (
    INTERVAL_KEYS,
    IS_NEWEST,
    AsyncioListener,
    example,
    fresh,
    join,
    leave,
    make_group,
    message_fields,
    occupants,
    presence_fields,
    same,
)


async def subscribed(pubnub, channel):
    """A listener of the channel and its presence, once it is connected."""
    listener = AsyncioListener(pubnub)
    pubnub.subscribe().channels(channel).with_presence().execute()
    await listener.connected()
    return listener


async def settle(listener, channel):
    """Lets a second pass, told by the server: a poll that reaches it after a leave call would join again."""
    clock = fresh("clock")
    join(channel, clock, seconds=1)
    await listener.presence_of("timeout", clock)


@example("event: join (asyncio)")
async def hears_join():
    channel, ann, bob = fresh("room"), fresh("ann"), fresh("bob")

    async with asyncio_client(ann) as pubnub, asyncio_client(bob) as other:
        listener = AsyncioListener(pubnub)
        pubnub.subscribe().channels(channel).with_presence().execute()
        own = await listener.presence_of("join", ann)
        other.subscribe().channels(channel).execute()
        second = await listener.presence_of("join", bob)

    same("own join", presence_fields(own), {"event": "join", "channel": channel, "uuid": ann, "occupancy": 1})
    same("second join", presence_fields(second), {"event": "join", "channel": channel, "uuid": bob, "occupancy": 2})


@example("event: state-change (asyncio)")
async def hears_state_change():
    channel, bob = fresh("room"), fresh("bob")
    join(channel, bob)

    async with asyncio_client(fresh("ann")) as pubnub, asyncio_client(bob) as other:
        listener = await subscribed(pubnub, channel)
        await other.set_state().channels(channel).state({"age": 20}).future()
        event = await listener.presence_of("state-change", bob)

    same("event", presence_fields(event), {
        "event": "state-change", "channel": channel, "uuid": bob, "occupancy": 2, "state": {"age": 20},
    })


@example("event: leave, by unsubscribe (asyncio)")
async def hears_leave():
    channel, bob = fresh("room"), fresh("bob")

    # The event engine of the newest version sends leaves only when its heartbeats are on.
    config = with_heartbeats(configuration(bob))
    async with asyncio_client(fresh("ann")) as pubnub, asyncio_client_of(config) as other:
        listener = await subscribed(pubnub, channel)
        other.subscribe().channels(channel).execute()
        await listener.presence_of("join", bob)
        other.unsubscribe().channels(channel).execute()
        event = await listener.presence_of("leave", bob)

    same("event", presence_fields(event), {"event": "leave", "channel": channel, "uuid": bob, "occupancy": 1})


@example("event: leave with the last state (asyncio)")
async def hears_leave_with_state():
    channel = fresh("room")
    join(channel, "bob", state={"mood": "fine"})

    async with asyncio_client(fresh("ann")) as pubnub:
        listener = await subscribed(pubnub, channel)
        leave(channel, "bob")
        event = await listener.presence_of("leave", "bob")

    same("event", presence_fields(event), {
        "event": "leave", "channel": channel, "uuid": "bob", "occupancy": 1, "state": {"mood": "fine"},
    })


@example("event: timeout (asyncio)")
async def hears_timeout():
    channel = fresh("room")

    async with asyncio_client(fresh("ann")) as pubnub:
        listener = await subscribed(pubnub, channel)
        join(channel, "ghost", seconds=2)
        joined = await listener.presence_of("join", "ghost")
        event = await listener.presence_of("timeout", "ghost")

    same("event", presence_fields(event), {
        "event": "timeout", "channel": channel, "uuid": "ghost", "occupancy": 1, "state": {},
    })
    seconds = (event.timetoken - joined.timetoken) / 10_000_000
    assert 1.9 < seconds < 3.5, f"the timeout of 2 s took {seconds} s"


@example("event: interval with deltas (asyncio)")
async def hears_interval():
    channel = fresh("hall")

    async with asyncio_client(fresh("ann"), keys=INTERVAL_KEYS) as pubnub:
        listener = AsyncioListener(pubnub)
        pubnub.subscribe().channels([f"{channel}-pnpres"]).execute()
        await listener.connected()

        # Two joins are announced one by one; above two occupants the channel is in interval mode.
        join(channel, "u1", "u2", keys=INTERVAL_KEYS)
        announced = [await listener.wait_for("presence") for _ in range(2)]
        join(channel, "u3", "u4", "u5", keys=INTERVAL_KEYS)
        join(channel, "ghost", seconds=2, keys=INTERVAL_KEYS)

        deltas = {"join": [], "leave": [], "timeout": []}
        while deltas["timeout"] == []:
            event = await listener.wait_for("presence")
            fields = presence_fields(event)
            for action, seen in deltas.items():
                seen += fields.pop(action, [])
            occupancy = fields.pop("occupancy")
            same("interval event", fields, {"event": "interval", "channel": channel})
            # Who leaves before the join was told need not be told of at all.
            if "u4" in deltas["join"] and "u4" not in deltas["leave"]:
                leave(channel, "u4", keys=INTERVAL_KEYS)

    same("announced", [(event.event, event.uuid) for event in announced], [("join", "u1"), ("join", "u2")])
    same("deltas", deltas, {"join": ["u3", "u4", "u5", "ghost"], "leave": ["u4"], "timeout": ["ghost"]})
    same("occupancy at the end", occupancy, 4)


@example("message (asyncio)")
async def hears_message():
    channel, bob = fresh("room"), fresh("bob")

    async with asyncio_client(fresh("ann")) as pubnub, asyncio_client(bob) as other:
        listener = await subscribed(pubnub, channel)
        sent = await other.publish().channel(channel).message({"text": "hi", "n": [1, 2.5, None]}).future()
        message = await listener.wait_for("message")

    same("message", message_fields(message), {
        "message": {"text": "hi", "n": [1, 2.5, None]}, "channel": channel, "publisher": bob,
    })
    same("timetoken", message.timetoken, sent.result.timetoken)


@example("message: meta and custom type (asyncio)", when=IS_NEWEST)
async def hears_message_with_meta():
    channel, bob = fresh("room"), fresh("bob")

    async with asyncio_client(fresh("ann")) as pubnub, asyncio_client(bob) as other:
        listener = await subscribed(pubnub, channel)
        publish = other.publish().channel(channel).message("bonjour, ça va ?").meta({"lang": "fr"})
        await publish.custom_message_type("greeting").future()
        message = await listener.wait_for("message")

    same("message", message_fields(message), {
        "message": "bonjour, ça va ?",
        "channel": channel,
        "publisher": bob,
        "user_metadata": {"lang": "fr"},
        "custom_message_type": "greeting",
    })


@example("signal (asyncio listener)")
async def hears_signal():
    channel, bob = fresh("room"), fresh("bob")

    async with asyncio_client(fresh("ann")) as pubnub, asyncio_client(bob) as other:
        listener = await subscribed(pubnub, channel)
        sent = await other.signal().channel(channel).message({"typing": True}).future()
        signal = await listener.wait_for("signal")

    same("signal", message_fields(signal), {"message": {"typing": True}, "channel": channel, "publisher": bob})
    same("timetoken", signal.timetoken, int(sent.result.timetoken))


@example("subscribe to a channel group (asyncio)")
async def hears_a_group():
    group, room, hall, ann, bob = fresh("group"), fresh("room"), fresh("hall"), fresh("ann"), fresh("bob")
    make_group(group, room)

    async with asyncio_client(ann) as pubnub, asyncio_client(bob) as other:
        listener = AsyncioListener(pubnub)
        pubnub.subscribe().channel_groups([group]).with_presence().execute()
        await listener.connected()
        join(room, "cho")
        same("join of a member", presence_fields(await listener.presence_of("join", "cho")), {
            "event": "join", "channel": room, "subscription": group, "uuid": "cho", "occupancy": 2,
        })

        # A member added while the poll is open takes part from the next poll on, which joins it.
        make_group(group, hall)
        own = await listener.wait_for("presence", lambda event: (event.uuid, event.channel) == (ann, hall))
        same("own join", own.event, "join")
        await other.publish().channel(hall).message("hi").future()
        message = await listener.wait_for("message")

    same("message", message_fields(message), {
        "message": "hi", "channel": hall, "subscription": group, "publisher": bob,
    })


@example("subscribe joins, unsubscribe leaves (asyncio)")
async def subscribe_and_unsubscribe():
    room, hall, ann = fresh("a_room"), fresh("b_hall"), fresh("ann")

    config = with_heartbeats(configuration(ann))
    async with asyncio_client_of(config) as pubnub, asyncio_client(fresh("bob")) as watcher:
        listener, heard = AsyncioListener(pubnub), AsyncioListener(watcher)
        watcher.subscribe().channels([f"{room}-pnpres", f"{hall}-pnpres"]).execute()
        await heard.connected()

        pubnub.subscribe().channels([room, hall]).execute()
        await listener.connected()
        same("where_now", sorted((await pubnub.where_now().future()).result.channels), [room, hall])
        await settle(heard, hall)

        pubnub.unsubscribe().channels(room).execute()
        same("left", (await heard.presence_of("leave", ann)).channel, room)
        same("where_now after one", (await pubnub.where_now().future()).result.channels, [hall])
        await settle(heard, hall)

        pubnub.unsubscribe_all()
        same("left", (await heard.presence_of("leave", ann)).channel, hall)
        same("where_now after all", (await pubnub.where_now().future()).result.channels, [])


@example("a second subscribe keeps the first (asyncio)")
async def two_subscribes():
    room, hall = fresh("a_room"), fresh("b_hall")

    async with asyncio_client(fresh("ann")) as pubnub, asyncio_client(fresh("bob")) as other:
        listener = await subscribed(pubnub, room)
        pubnub.subscribe().channels(hall).with_presence().execute()
        await listener.wait_for("presence", lambda event: event.channel == hall)
        for channel in (room, hall):
            await other.publish().channel(channel).message("hi").future()
            await listener.wait_for("message", lambda message: message.channel == channel)


@example("heartbeats keep a member present (asyncio)")
async def heartbeats_renew():
    channel, ann = fresh("room"), fresh("ann")

    config = with_heartbeats(configuration(ann))
    async with asyncio_client_of(config) as pubnub, asyncio_client(fresh("bob")) as watcher:
        heard = AsyncioListener(watcher)
        watcher.subscribe().channels(f"{channel}-pnpres").execute()
        await heard.connected()
        pubnub.subscribe().channels(channel).execute()
        await heard.presence_of("join", ann)

        # Without the heartbeats that the SDK sends each second, ann would lapse before the clock does.
        join(channel, ann, seconds=3)
        join(channel, "clock", seconds=5)
        lapsed = await heard.wait_for("presence", lambda event: event.event == "timeout")

    same("who lapsed", lapsed.uuid, "clock")
    same("occupants", occupants(channel), [ann])
