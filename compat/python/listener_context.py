"""What a `SubscribeCallback` hears of App Context: users, channels and memberships that are set or removed."""

from pubnub.models.consumer.objects_v2.channel_members import PNUUID
from pubnub.models.consumer.objects_v2.memberships import PNChannelMembership

from clients import ASYNCIO, CALLBACK, ask, subscribe
from context import MEMBERS, MEMBERSHIPS, example_in, example_of_each_side, set_status_and_type
from harness import IS_NEWEST, Listener, fresh, same

STYLES = (CALLBACK, ASYNCIO)


def subscribed(pubnub, *channels):
    """A listener of the channels, once it is connected."""
    listener = Listener(pubnub)
    subscribe(pubnub, *channels)
    listener.connected()
    return listener


def event_fields(event, answered):
    """An event as plain values; `updated` and `eTag` are those of the answer to the call, but for further digits."""
    data = dict(event.data)
    same("eTag", data.pop("eTag"), answered["eTag"])
    updated = data.pop("updated")
    assert updated.startswith(answered["updated"].removesuffix("Z")), f"{updated!r} is not {answered['updated']!r}"
    return event.event, data


@example_in("event: user set", *STYLES)
def hears_user_set(client):
    user_id = fresh("ann")

    with client(user_id) as pubnub, client(fresh("admin")) as admin:
        listener = subscribed(pubnub, user_id)
        call = admin.set_uuid_metadata().uuid(user_id).set_name("Ann").email("ann@example.com")
        answered = ask(set_status_and_type(call, "Active", "User").custom({"mood": "fine"})).result.data
        event = listener.wait_for("uuid")

    # The SDK sends null for what its caller leaves out; that is told only where it cleared something.
    same("event", event_fields(event, answered), ("set", {
        "id": user_id,
        "name": "Ann",
        "email": "ann@example.com",
        "custom": {"mood": "fine"},
        **({"status": "Active", "type": "User"} if IS_NEWEST else {}),
    }))


@example_in("event: user set, heard on a channel the user is a member of", *STYLES)
def hears_user_set_of_a_member(client):
    user_id, channel_id = fresh("ann"), fresh("room")

    with client(fresh("bob")) as pubnub, client(fresh("admin")) as admin:
        ask(admin.set_memberships().uuid(user_id).channel_memberships([PNChannelMembership.channel(channel_id)]))
        listener = subscribed(pubnub, channel_id)
        answered = ask(admin.set_uuid_metadata().uuid(user_id).set_name("Ann")).result.data
        event = listener.wait_for("uuid")

    kind, data = event_fields(event, answered)
    same("event", (kind, data["id"], data["name"]), ("set", user_id, "Ann"))


@example_in("event: user removed", *STYLES)
def hears_user_removed(client):
    user_id = fresh("ann")

    with client(user_id) as pubnub, client(fresh("admin")) as admin:
        ask(admin.set_uuid_metadata().uuid(user_id).set_name("Ann"))
        listener = subscribed(pubnub, user_id)
        ask(admin.remove_uuid_metadata().uuid(user_id))
        event = listener.wait_for("uuid")

    same("event", (event.event, event.data), ("delete", {"id": user_id}))


@example_in("event: channel set", *STYLES)
def hears_channel_set(client):
    channel_id = fresh("room")

    with client(fresh("ann")) as pubnub, client(fresh("admin")) as admin:
        listener = subscribed(pubnub, channel_id)
        call = admin.set_channel_metadata().channel(channel_id).set_name("Room").custom({"topic": "tea"})
        answered = ask(call).result.data
        event = listener.wait_for("channel")

    same("event", event_fields(event, answered), ("set", {
        "id": channel_id,
        "name": "Room",
        "custom": {"topic": "tea"},
    }))


@example_in("event: channel removed", *STYLES)
def hears_channel_removed(client):
    channel_id = fresh("room")

    with client(fresh("ann")) as pubnub, client(fresh("admin")) as admin:
        ask(admin.set_channel_metadata().channel(channel_id).set_name("Room"))
        listener = subscribed(pubnub, channel_id)
        ask(admin.remove_channel_metadata().channel(channel_id))
        event = listener.wait_for("channel")

    same("event", (event.event, event.data), ("delete", {"id": channel_id}))


@example_of_each_side("event: {} set and removed, heard on the channel", *STYLES)
def hears_membership_on_the_channel(side, client):
    hears_membership(side, client, MEMBERS)


@example_of_each_side("event: {} set and removed, heard on the user's channel", *STYLES)
def hears_membership_on_the_users_channel(side, client):
    hears_membership(side, client, MEMBERSHIPS)


def hears_membership(side, client, heard_at):
    """One client hears the membership being set, another hears it being removed."""
    owner_id, other_id = fresh("owner"), fresh("other")
    ids = {side.owner.name: {"id": owner_id}, side.other.name: {"id": other_id}}
    channel = ids[heard_at.owner.name]["id"]

    with client(fresh("bob")) as pubnub, client(fresh("cho")) as later, client(fresh("admin")) as admin:
        listener = subscribed(pubnub, channel)
        call = side.set(admin, owner_id, side.entry_with_custom(other_id, {"role": "host"}))
        answered = ask(call).result.data[0]
        same("set", event_fields(listener.wait_for("membership"), answered), ("set", {
            **ids, "custom": {"role": "host"},
        }))

        listener = subscribed(later, channel)
        ask(side.remove(admin, owner_id, other_id))
        removed = listener.wait_for("membership")

    same("removed", (removed.event, removed.data), ("delete", ids))


@example_in("events: one for each change, none when nothing changed, in order", *STYLES)
def hears_each_change_once(client):
    user_id, channel_id = fresh("ann"), fresh("room")

    with client(fresh("bob")) as pubnub, client(fresh("admin")) as admin:
        listener = subscribed(pubnub, channel_id)
        entry = PNUUID.uuid_with_custom(user_id, {"role": "host"})
        names = ["first", "first", "second", "second", "third"]
        for name in names:
            ask(admin.set_channel_metadata().channel(channel_id).set_name(name))
            ask(admin.set_channel_members().channel(channel_id).uuids([entry]))
        ask(admin.remove_channel_members().channel(channel_id).uuids([PNUUID.uuid(user_id)]))
        ask(admin.remove_channel_members().channel(channel_id).uuids([PNUUID.uuid(user_id)]))
        ask(admin.remove_channel_metadata().channel(channel_id))
        ask(admin.remove_channel_metadata().channel(channel_id))
        # What comes after all of them, on the same channel.
        ask(admin.set_channel_metadata().channel(channel_id).set_name("last"))

        # All of them are under way; the wait is short because the newest SDK does not hand them out.
        channels = [listener.wait_for("channel", seconds=5) for _ in range(5)]
        memberships = [listener.wait_for("membership", seconds=5) for _ in range(2)]

    same("channels", [(event.event, event.data.get("name")) for event in channels], [
        ("set", "first"), ("set", "second"), ("set", "third"), ("delete", None), ("set", "last"),
    ])
    same("memberships", [(event.event, event.data.get("custom")) for event in memberships], [
        ("set", {"role": "host"}), ("delete", None),
    ])
