"""What a `SubscribeCallback` hears: presence events of each kind, messages, signals; and what its presence does."""

from clients import client, client_of, configuration, with_heartbeats
from harness import (
    INTERVAL_KEYS,
    IS_NEWEST,
    Listener,
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


def subscribed(pubnub, channel):
    """A listener of the channel and its presence, once it is connected."""
    listener = Listener(pubnub)
    pubnub.subscribe().channels(channel).with_presence().execute()
    listener.connected()
    return listener


def settle(listener, channel):
    """Lets a second pass, told by the server: a poll that reaches it after a leave call would join again."""
    clock = fresh("clock")
    join(channel, clock, seconds=1)
    listener.presence_of("timeout", clock)


# ----------------------------------------------------------------------------------------------------- presence events


@example("event: join (callback)")
def hears_join():
    channel, ann, bob = fresh("room"), fresh("ann"), fresh("bob")

    with client(ann) as pubnub, client(bob) as other:
        listener = Listener(pubnub)
        pubnub.subscribe().channels(channel).with_presence().execute()
        own = listener.presence_of("join", ann)
        other.subscribe().channels(channel).execute()
        second = listener.presence_of("join", bob)

    same("own join", presence_fields(own), {"event": "join", "channel": channel, "uuid": ann, "occupancy": 1})
    same("second join", presence_fields(second), {"event": "join", "channel": channel, "uuid": bob, "occupancy": 2})


@example("event: join with state (callback)")
def hears_join_with_state():
    channel = fresh("room")

    with client(fresh("ann")) as pubnub:
        listener = subscribed(pubnub, channel)
        join(channel, "bob", state={"mood": "fine"})
        event = listener.presence_of("join", "bob")

    same("event", presence_fields(event), {
        "event": "join", "channel": channel, "uuid": "bob", "occupancy": 2, "state": {"mood": "fine"},
    })


@example("event: state-change (callback)")
def hears_state_change():
    channel, bob = fresh("room"), fresh("bob")
    join(channel, bob)

    with client(fresh("ann")) as pubnub, client(bob) as other:
        listener = subscribed(pubnub, channel)
        other.set_state().channels(channel).state({"age": 20}).sync()
        event = listener.presence_of("state-change", bob)

    same("event", presence_fields(event), {
        "event": "state-change", "channel": channel, "uuid": bob, "occupancy": 2, "state": {"age": 20},
    })


@example("event: leave, by unsubscribe (callback)")
def hears_leave():
    channel, bob = fresh("room"), fresh("bob")

    with client(fresh("ann")) as pubnub, client(bob) as other:
        listener = subscribed(pubnub, channel)
        other.subscribe().channels(channel).execute()
        listener.presence_of("join", bob)
        other.unsubscribe().channels(channel).execute()
        event = listener.presence_of("leave", bob)

    same("event", presence_fields(event), {"event": "leave", "channel": channel, "uuid": bob, "occupancy": 1})


@example("event: leave with the last state (callback)")
def hears_leave_with_state():
    channel = fresh("room")
    join(channel, "bob", state={"mood": "fine"})

    with client(fresh("ann")) as pubnub:
        listener = subscribed(pubnub, channel)
        leave(channel, "bob")
        event = listener.presence_of("leave", "bob")

    same("event", presence_fields(event), {
        "event": "leave", "channel": channel, "uuid": "bob", "occupancy": 1, "state": {"mood": "fine"},
    })


@example("event: timeout (callback)")
def hears_timeout():
    channel = fresh("room")

    with client(fresh("ann")) as pubnub:
        listener = subscribed(pubnub, channel)
        join(channel, "ghost", seconds=2)
        joined = listener.presence_of("join", "ghost")
        event = listener.presence_of("timeout", "ghost")

    same("event", presence_fields(event), {
        "event": "timeout", "channel": channel, "uuid": "ghost", "occupancy": 1, "state": {},
    })
    seconds = (event.timetoken - joined.timetoken) / 10_000_000
    assert 1.9 < seconds < 3.5, f"the timeout of 2 s took {seconds} s"


@example("event: interval with deltas (callback)")
def hears_interval():
    channel = fresh("hall")

    with client(fresh("ann"), keys=INTERVAL_KEYS) as pubnub:
        listener = Listener(pubnub)
        pubnub.subscribe().channels(f"{channel}-pnpres").execute()
        listener.connected()

        # Two joins are announced one by one; above two occupants the channel is in interval mode.
        join(channel, "u1", "u2", keys=INTERVAL_KEYS)
        announced = [listener.wait_for("presence") for _ in range(2)]
        join(channel, "u3", "u4", "u5", keys=INTERVAL_KEYS)
        join(channel, "ghost", seconds=2, keys=INTERVAL_KEYS)

        deltas = {"join": [], "leave": [], "timeout": []}
        while deltas["timeout"] == []:
            event = listener.wait_for("presence")
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


# ------------------------------------------------------------------------------------------------- messages and signals


@example("message (callback)")
def hears_message():
    channel, bob = fresh("room"), fresh("bob")

    with client(fresh("ann")) as pubnub, client(bob) as other:
        listener = subscribed(pubnub, channel)
        sent = other.publish().channel(channel).message({"text": "hi", "n": [1, 2.5, None]}).sync()
        message = listener.wait_for("message")

    # Channel and presence were subscribed, so the match comes along; equal to the channel the SDK hides it.
    same("message", message_fields(message), {
        "message": {"text": "hi", "n": [1, 2.5, None]}, "channel": channel, "publisher": bob,
    })
    same("timetoken", message.timetoken, sent.result.timetoken)


@example("message: meta and custom type (callback)", when=IS_NEWEST)
def hears_message_with_meta():
    channel, bob = fresh("room"), fresh("bob")

    with client(fresh("ann")) as pubnub, client(bob) as other:
        listener = subscribed(pubnub, channel)
        publish = other.publish().channel(channel).message("bonjour, ça va ?").meta({"lang": "fr"})
        publish.custom_message_type("greeting").sync()
        message = listener.wait_for("message")

    same("message", message_fields(message), {
        "message": "bonjour, ça va ?",
        "channel": channel,
        "publisher": bob,
        "user_metadata": {"lang": "fr"},
        "custom_message_type": "greeting",
    })


@example("message: filtered by meta (callback)")
def hears_only_what_the_filter_lets_through():
    channel = fresh("room")
    config = configuration(fresh("ann"))
    config.filter_expression = "lang == 'fr'"

    with client_of(config) as pubnub, client(fresh("bob")) as other:
        listener = subscribed(pubnub, channel)
        other.publish().channel(channel).message("hello").meta({"lang": "en"}).sync()
        other.publish().channel(channel).message("bonjour").meta({"lang": "fr"}).sync()
        first = listener.wait_for("message")

    same("first message", first.message, "bonjour")


@example("signal (callback listener)")
def hears_signal():
    channel, bob = fresh("room"), fresh("bob")

    with client(fresh("ann")) as pubnub, client(bob) as other:
        listener = subscribed(pubnub, channel)
        sent = other.signal().channel(channel).message({"typing": True}).sync()
        signal = listener.wait_for("signal")

    same("signal", message_fields(signal), {"message": {"typing": True}, "channel": channel, "publisher": bob})
    same("timetoken", signal.timetoken, int(sent.result.timetoken))


@example("subscribe to a pattern (callback)")
def hears_a_pattern():
    lobby, bob = fresh("lobby"), fresh("bob")

    with client(fresh("ann")) as pubnub, client(bob) as other:
        listener = Listener(pubnub)
        pubnub.subscribe().channels(f"{lobby}.*").execute()
        listener.connected()
        other.publish().channel(f"{lobby}.north").message("hi").sync()
        message = listener.wait_for("message")

    same("message", message_fields(message), {
        "message": "hi", "channel": f"{lobby}.north", "subscription": f"{lobby}.*", "publisher": bob,
    })


@example("subscribe to a channel group (callback)")
def hears_a_group():
    group, room, hall, ann, bob = fresh("group"), fresh("room"), fresh("hall"), fresh("ann"), fresh("bob")
    make_group(group, room)

    with client(ann) as pubnub, client(bob) as other:
        listener = Listener(pubnub)
        pubnub.subscribe().channel_groups(group).with_presence().execute()
        listener.connected()
        join(room, "cho")
        same("join of a member", presence_fields(listener.presence_of("join", "cho")), {
            "event": "join", "channel": room, "subscription": group, "uuid": "cho", "occupancy": 2,
        })

        # A member added while the poll is open takes part from the next poll on, which joins it.
        make_group(group, hall)
        own = listener.wait_for("presence", lambda event: (event.uuid, event.channel) == (ann, hall))
        same("own join", own.event, "join")
        other.publish().channel(hall).message("hi").sync()
        message = listener.wait_for("message")

    same("message", message_fields(message), {
        "message": "hi", "channel": hall, "subscription": group, "publisher": bob,
    })


# ------------------------------------------------------------------------------------------ the subscriber's own presence


@example("subscribe joins, unsubscribe leaves (callback)")
def subscribe_and_unsubscribe():
    room, hall, ann = fresh("a_room"), fresh("b_hall"), fresh("ann")

    with client(ann) as pubnub, client(fresh("bob")) as watcher:
        listener, heard = Listener(pubnub), Listener(watcher)
        watcher.subscribe().channels([f"{room}-pnpres", f"{hall}-pnpres"]).execute()
        heard.connected()

        pubnub.subscribe().channels([room, hall]).execute()
        listener.connected()
        same("where_now", sorted(pubnub.where_now().sync().result.channels), [room, hall])
        settle(heard, hall)

        pubnub.unsubscribe().channels(room).execute()
        same("left", heard.presence_of("leave", ann).channel, room)
        same("where_now after one", pubnub.where_now().sync().result.channels, [hall])
        settle(heard, hall)

        pubnub.unsubscribe_all()
        same("left", heard.presence_of("leave", ann).channel, hall)
        same("where_now after all", pubnub.where_now().sync().result.channels, [])


@example("a second subscribe keeps the first (callback)")
def two_subscribes():
    room, hall = fresh("a_room"), fresh("b_hall")

    with client(fresh("ann")) as pubnub, client(fresh("bob")) as other:
        listener = subscribed(pubnub, room)
        pubnub.subscribe().channels(hall).with_presence().execute()
        listener.wait_for("presence", lambda event: event.channel == hall)
        # The last MIT version leaves its first poll running and may announce a message twice.
        for channel in (room, hall):
            other.publish().channel(channel).message("hi").sync()
            listener.wait_for("message", lambda message: message.channel == channel)


@example("heartbeats keep a member present (callback)")
def heartbeats_renew():
    channel, ann = fresh("room"), fresh("ann")

    with client_of(with_heartbeats(configuration(ann))) as pubnub, client(fresh("bob")) as watcher:
        heard = Listener(watcher)
        watcher.subscribe().channels(f"{channel}-pnpres").execute()
        heard.connected()
        pubnub.subscribe().channels(channel).execute()
        heard.presence_of("join", ann)

        # Without the heartbeats that the SDK sends each second, ann would lapse before the clock does.
        join(channel, ann, seconds=3)
        join(channel, "clock", seconds=5)
        lapsed = heard.wait_for("presence", lambda event: event.event == "timeout")

    same("who lapsed", lapsed.uuid, "clock")
    same("occupants", occupants(channel), [ann])
