"""What a listener hears through `PubNubTwisted`: presence events of each kind, messages, signals; and its own presence."""

from harness import example, fresh, join, leave, make_group, message_fields, presence_fields, same
from twisted_clients import TwistedListener, client


async def subscribed(pubnub, channel):
    """A listener of the channel and its presence, once it is connected."""
    listener = TwistedListener(pubnub)
    pubnub.subscribe().channels(channel).with_presence().execute()
    await listener.connected()
    return listener


@example("event: join (deferred)")
async def hears_join():
    channel, ann, bob = fresh("room"), fresh("ann"), fresh("bob")

    with client(ann) as pubnub, client(bob) as other:
        listener = await subscribed(pubnub, channel)
        own = await listener.presence_of("join", ann)
        other.subscribe().channels(channel).execute()
        second = await listener.presence_of("join", bob)

    same("own join", presence_fields(own), {"event": "join", "channel": channel, "uuid": ann, "occupancy": 1})
    same("second join", presence_fields(second), {"event": "join", "channel": channel, "uuid": bob, "occupancy": 2})


@example("event: state-change (deferred)")
async def hears_state_change():
    channel, bob = fresh("room"), fresh("bob")
    join(channel, bob)

    with client(fresh("ann")) as pubnub, client(bob) as other:
        listener = await subscribed(pubnub, channel)
        await other.set_state().channels(channel).state({"age": 20}).deferred()
        event = await listener.presence_of("state-change", bob)

    same("event", presence_fields(event), {
        "event": "state-change", "channel": channel, "uuid": bob, "occupancy": 2, "state": {"age": 20},
    })


@example("event: leave, by unsubscribe (deferred)")
async def hears_leave():
    channel, bob = fresh("room"), fresh("bob")

    with client(fresh("ann")) as pubnub, client(bob) as other:
        listener = await subscribed(pubnub, channel)
        other.subscribe().channels(channel).execute()
        await listener.presence_of("join", bob)
        other.unsubscribe().channels(channel).execute()
        event = await listener.presence_of("leave", bob)

    same("event", presence_fields(event), {"event": "leave", "channel": channel, "uuid": bob, "occupancy": 1})


@example("event: leave with the last state (deferred)")
async def hears_leave_with_state():
    channel = fresh("room")
    join(channel, "bob", state={"mood": "fine"})

    with client(fresh("ann")) as pubnub:
        listener = await subscribed(pubnub, channel)
        leave(channel, "bob")
        event = await listener.presence_of("leave", "bob")

    same("event", presence_fields(event), {
        "event": "leave", "channel": channel, "uuid": "bob", "occupancy": 1, "state": {"mood": "fine"},
    })


@example("event: timeout (deferred)")
async def hears_timeout():
    channel = fresh("room")

    with client(fresh("ann")) as pubnub:
        listener = await subscribed(pubnub, channel)
        join(channel, "ghost", seconds=2)
        joined = await listener.presence_of("join", "ghost")
        event = await listener.presence_of("timeout", "ghost")

    same("event", presence_fields(event), {
        "event": "timeout", "channel": channel, "uuid": "ghost", "occupancy": 1, "state": {},
    })
    seconds = (event.timetoken - joined.timetoken) / 10_000_000
    assert 1.9 < seconds < 3.5, f"the timeout of 2 s took {seconds} s"


@example("message (deferred)")
async def hears_message():
    channel, bob = fresh("room"), fresh("bob")

    with client(fresh("ann")) as pubnub, client(bob) as other:
        listener = await subscribed(pubnub, channel)
        sent = await other.publish().channel(channel).message({"text": "hi", "n": [1, 2.5, None]}).deferred()
        message = await listener.wait_for("message")

    same("message", message_fields(message), {
        "message": {"text": "hi", "n": [1, 2.5, None]}, "channel": channel, "publisher": bob,
    })
    same("timetoken", message.timetoken, sent.result.timetoken)


@example("signal: heard (deferred)")
async def hears_signal():
    channel, bob = fresh("room"), fresh("bob")

    with client(fresh("ann")) as pubnub, client(bob) as other:
        listener = await subscribed(pubnub, channel)
        sent = await other.signal().channel(channel).message({"typing": True}).deferred()
        signal = await listener.wait_for("signal")

    same("signal", message_fields(signal), {"message": {"typing": True}, "channel": channel, "publisher": bob})
    same("timetoken", signal.timetoken, int(sent.result.timetoken))


@example("subscribe to a channel group (deferred)")
async def hears_a_group():
    group, room, bob = fresh("group"), fresh("room"), fresh("bob")
    make_group(group, room)

    with client(fresh("ann")) as pubnub, client(bob) as other:
        listener = TwistedListener(pubnub)
        pubnub.subscribe().channel_groups(group).with_presence().execute()
        await listener.connected()
        join(room, "cho")
        joined = await listener.presence_of("join", "cho")
        await other.publish().channel(room).message("hi").deferred()
        message = await listener.wait_for("message")

    same("join of a member", presence_fields(joined), {
        "event": "join", "channel": room, "subscription": group, "uuid": "cho", "occupancy": 2,
    })
    same("message", message_fields(message), {
        "message": "hi", "channel": room, "subscription": group, "publisher": bob,
    })


@example("subscribe joins, unsubscribe leaves (deferred)")
async def subscribe_and_unsubscribe():
    room, ann = fresh("room"), fresh("ann")

    with client(ann) as pubnub, client(fresh("bob")) as watcher:
        listener, heard = TwistedListener(pubnub), TwistedListener(watcher)
        watcher.subscribe().channels(f"{room}-pnpres").execute()
        await heard.connected()

        pubnub.subscribe().channels(room).execute()
        await listener.connected()
        await heard.presence_of("join", ann)
        same("where_now", (await pubnub.where_now().deferred()).result.channels, [room])

        pubnub.unsubscribe().channels(room).execute()
        await heard.presence_of("leave", ann)
        same("where_now afterwards", (await pubnub.where_now().deferred()).result.channels, [])
