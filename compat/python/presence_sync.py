"""The synchronous calls: every example of the Presence document that ends in `.sync()`."""

import os

from pubnub.enums import PNOperationType
from pubnub.exceptions import PubNubException
from pubnub.pnconfiguration import PNConfiguration
from pubnub.pubnub import PubNub

from clients import client
from harness import (
    IS_NEWEST,
    KEYS,
    ORIGIN,
    example,
    fresh,
    here_now_fields,
    is_timetoken,
    join,
    make_group,
    occupants,
    same,
    succeeded,
)

# ------------------------------------------------------------------------------------------------ publish, time, signal


@example("publish (sync)")
def publish():
    with client(fresh("publisher")) as pubnub:
        envelope = pubnub.publish().channel(fresh("myChannel")).message("Hello from Hereabouts").sync()
    succeeded(envelope.status, PNOperationType.PNPublishOperation)
    is_timetoken(envelope.result.timetoken)


@example("publish: POST, compressed body (sync)", when=IS_NEWEST)
def publish_compressed():
    with client(fresh("publisher")) as pubnub:
        publish = pubnub.publish().channel(fresh("myChannel")).message({"text": "hello " * 100})
        envelope = publish.use_post(True).use_compression(True).sync()
    succeeded(envelope.status, PNOperationType.PNPublishOperation)
    is_timetoken(envelope.result.timetoken)


@example("signal (sync)")
def signal():
    with client(fresh("publisher")) as pubnub:
        envelope = pubnub.signal().channel(fresh("myChannel")).message({"typing": True}).sync()
    succeeded(envelope.status, PNOperationType.PNSignalOperation)
    is_timetoken(int(envelope.result.timetoken))


@example("fire (sync)")
def fire():
    with client(fresh("publisher")) as pubnub:
        envelope = pubnub.fire().channel(fresh("myChannel")).message("to functions only").sync()
    succeeded(envelope.status, PNOperationType.PNFireOperation)
    is_timetoken(int(envelope.result.timetoken))


@example("time (sync)")
def time():
    with client(fresh("clock")) as pubnub:
        envelope = pubnub.time().sync()
    succeeded(envelope.status, PNOperationType.PNTimeOperation)
    is_timetoken(int(envelope.result))


# ------------------------------------------------------------------------------------------------------------ here now


@example("here_now: reference example (sync)")
def here_now_reference():
    channel = fresh("my_channel")
    join(channel, "ann")

    config = PNConfiguration()
    config.subscribe_key = os.getenv("HEREABOUTS_SUBSCRIBE_KEY", "demo")
    config.user_id = os.getenv("USER_ID", "my_custom_user_id")
    config.origin = ORIGIN
    config.ssl = False
    pubnub = PubNub(config)
    envelope = pubnub.here_now().channels(channel).include_uuids(True).include_state(False).sync()

    lines = [f"{envelope.result.total_channels} channel, {envelope.result.total_occupancy} there"]
    for found in envelope.result.channels:
        lines.append(f"{found.channel_name}: {found.occupancy}")
        lines += [f"{occupant.uuid} {occupant.state}" for occupant in found.occupants]
    pubnub.stop()
    same("the listing", lines, ["1 channel, 1 there", f"{channel}: 1", "ann None"])


@example("here_now: state and uuids (sync)")
def here_now_state_and_uuids():
    channel = fresh("my_channel")
    join(channel, "myUuid1", state={"abcd": {"age": 15}})
    join(channel, "stateless")

    with client(fresh("asker")) as pubnub:
        envelope = pubnub.here_now().channels(channel).include_uuids(True).include_state(True).sync()

    succeeded(envelope.status, PNOperationType.PNHereNowOperation)
    same("result", here_now_fields(envelope.result), {
        "total_channels": 1,
        "total_occupancy": 2,
        "channels": [{
            "channel_name": channel,
            "occupancy": 2,
            "occupants": [("myUuid1", {"abcd": {"age": 15}}), ("stateless", None)],
        }],
    })


@example("here_now: occupancy only (sync)")
def here_now_occupancy_only():
    channel = fresh("my_channel")
    join(channel, "ann", "bob", "cho")

    with client(fresh("asker")) as pubnub:
        envelope = pubnub.here_now().channels(channel).include_uuids(False).include_state(False).sync()

    same("result", here_now_fields(envelope.result), {
        "total_channels": 1,
        "total_occupancy": 3,
        "channels": [{"channel_name": channel, "occupancy": 3, "occupants": []}],
    })


@example("here_now: channel groups (sync)")
def here_now_channel_groups():
    room, hall, yard = fresh("a_room"), fresh("b_hall"), fresh("c_yard")
    groups = [fresh("cg1"), fresh("cg2"), fresh("cg3")]
    make_group(groups[0], room)
    make_group(groups[1], hall, fresh("empty"))
    make_group(groups[2], yard)
    join(room, "ann")
    join(hall, "bob")
    join(yard, "ann", "cho")

    with client(fresh("asker")) as pubnub:
        envelope = pubnub.here_now().channel_groups(groups).include_uuids(True).include_state(True).sync()

    same("result", here_now_fields(envelope.result), {
        "total_channels": 3,
        "total_occupancy": 4,
        "channels": [
            {"channel_name": room, "occupancy": 1, "occupants": [("ann", None)]},
            {"channel_name": hall, "occupancy": 1, "occupants": [("bob", None)]},
            {"channel_name": yard, "occupancy": 2, "occupants": [("ann", None), ("cho", None)]},
        ],
    })


@example("here_now: channel groups, occupancy only (sync)")
def here_now_channel_groups_occupancy_only():
    room, group = fresh("a_room"), fresh("cg")
    make_group(group, room)
    join(room, "ann", "bob")

    with client(fresh("asker")) as pubnub:
        envelope = pubnub.here_now().channel_groups(group).include_uuids(False).sync()

    # In the form for several channels this SDK says None where it says [] for one channel.
    same("result", here_now_fields(envelope.result), {
        "total_channels": 1,
        "total_occupancy": 2,
        "channels": [{"channel_name": room, "occupancy": 2, "occupants": None}],
    })


@example("here_now: nobody there (sync)")
def here_now_nobody():
    channel = fresh("my_channel")

    with client(fresh("asker")) as pubnub:
        one = pubnub.here_now().channels(channel).sync().result
        two = pubnub.here_now().channels([channel, fresh("other")]).sync().result

    same("one channel", here_now_fields(one), {
        "total_channels": 1,
        "total_occupancy": 0,
        "channels": [{"channel_name": channel, "occupancy": 0, "occupants": []}],
    })
    same("two channels", here_now_fields(two), {"total_channels": 0, "total_occupancy": 0, "channels": []})


@example("here_now: the whole key set (sync)")
def here_now_global():
    channel = fresh("my_channel")
    join(channel, "ann")

    with client(fresh("asker")) as pubnub:
        found = here_now_fields(pubnub.here_now().sync().result)

    # Others are here too: what earlier examples left behind.
    mine = [entry for entry in found["channels"] if entry["channel_name"] == channel]
    same("my channel", mine, [{"channel_name": channel, "occupancy": 1, "occupants": [("ann", None)]}])
    same("total_channels", found["total_channels"], len(found["channels"]))
    same("total_occupancy", found["total_occupancy"], sum(entry["occupancy"] for entry in found["channels"]))


@example("here_now: pages by limit and offset (sync)", when=IS_NEWEST)
def here_now_pages():
    channel, everybody = fresh("my_channel"), [f"user{number}" for number in range(5)]
    join(channel, *everybody)

    pages, offset = [], 0
    with client(fresh("asker")) as pubnub:
        while offset is not None:
            found = pubnub.here_now().channels(channel).limit(2).offset(offset).sync().result.channels[0]
            same("occupancy is of the whole channel", found.occupancy, 5)
            pages.append([occupant.uuid for occupant in found.occupants])
            # The SDK gives no next offset; this is the rule that those who give one follow.
            offset = offset + 2 if offset + 2 < found.occupancy else None
        beyond = pubnub.here_now().channels(channel).limit(2).offset(5).sync().result

    same("pages", pages, [everybody[0:2], everybody[2:4], everybody[4:5]])
    same("past the end", here_now_fields(beyond)["channels"][0]["occupants"], [])


@example("here_now: a limit above 1000 is refused (sync)", when=IS_NEWEST)
def here_now_limit_refused():
    with client(fresh("asker")) as pubnub:
        try:
            pubnub.here_now().channels(fresh("my_channel")).limit(1001).sync()
        except PubNubException as refusal:
            same("status", refusal._status_code, 400)
            assert "Cannot return more than 1000 uuids at a time" in str(refusal), f"unexpected text: {refusal}"
        else:
            raise AssertionError("the limit was accepted")


# ----------------------------------------------------------------------------------------------------------- where now


@example("where_now: own channels (sync)")
def where_now_own():
    user_id, room, hall = fresh("ann"), fresh("a_room"), fresh("b_hall")
    join(room, user_id)
    join(hall, user_id)

    with client(user_id) as pubnub:
        envelope = pubnub.where_now().sync()

    succeeded(envelope.status, PNOperationType.PNWhereNowOperation)
    same("channels", sorted(envelope.result.channels), [room, hall])


@example("where_now: another user (sync)")
def where_now_other():
    other, room = fresh("some-other-uuid"), fresh("room")
    join(room, other)

    with client(fresh("asker")) as pubnub:
        envelope = pubnub.where_now().uuid(other).sync()
        nobody = pubnub.where_now().uuid(fresh("stranger")).sync()

    same("channels", envelope.result.channels, [room])
    same("channels of a stranger", nobody.result.channels, [])


@example("where_now: keyword form (sync)")
def where_now_keyword():
    other, room = fresh("some-other-uuid"), fresh("room")
    join(room, other)

    with client(fresh("asker")) as pubnub:
        envelope = pubnub.where_now(uuid=other).sync()

    same("channels", envelope.result.channels, [room])


@example("where_now: keyword form, newest name (sync)", when=IS_NEWEST)
def where_now_keyword_newest():
    other, room = fresh("some-other-uuid"), fresh("room")
    join(room, other)

    with client(fresh("asker")) as pubnub:
        envelope = pubnub.where_now(user_id=other).sync()

    same("channels", envelope.result.channels, [room])


# --------------------------------------------------------------------------------------------------------------- state


def three_channels():
    return [fresh("ch1"), fresh("ch2"), fresh("ch3")]


@example("set_state: channels (sync)")
def set_state_channels():
    user_id, channels = fresh("ann"), three_channels()
    for channel in channels:
        join(channel, user_id)
    my_state = {"age": 20}

    with client(user_id) as pubnub:
        envelope = pubnub.set_state().channels(channels).state(my_state).sync()
        read_back = pubnub.get_state().channels(channels).sync()

    succeeded(envelope.status, PNOperationType.PNSetStateOperation)
    same("state", envelope.result.state, my_state)
    same("read back", read_back.result.channels, {channel: my_state for channel in channels})


@example("set_state: keyword form (sync)")
def set_state_keyword():
    channels = three_channels()

    with client(fresh("ann")) as pubnub:
        envelope = pubnub.set_state(channels=channels, state={"age": 20}).sync()
        read_back = pubnub.get_state(channels=channels).sync()

    same("state", envelope.result.state, {"age": 20})
    same("read back", read_back.result.channels, {channel: {"age": 20} for channel in channels})


@example("get_state: channels (sync)")
def get_state_channels():
    user_id, (ch1, ch2, ch3) = fresh("such_uuid"), three_channels()
    join(ch1, user_id, state={"age": 20})
    join(ch2, user_id, state={"mood": {"now": "fine"}})
    join(ch3, user_id)

    with client(fresh("asker")) as pubnub:
        envelope = pubnub.get_state().channels([ch1, ch2, ch3]).uuid(user_id).sync()
        one = pubnub.get_state().channels(ch1).uuid(user_id).sync()

    succeeded(envelope.status, PNOperationType.PNGetState)
    same("channels", envelope.result.channels, {ch1: {"age": 20}, ch2: {"mood": {"now": "fine"}}, ch3: {}})
    same("one channel", one.result.channels, {ch1: {"age": 20}})


@example("get_state: keyword form (sync)")
def get_state_keyword():
    user_id, channels = fresh("such_uuid"), three_channels()
    for channel in channels:
        join(channel, user_id, state={"age": 20})

    with client(fresh("asker")) as pubnub:
        envelope = pubnub.get_state(channels=channels, uuid=user_id).sync()

    same("channels", envelope.result.channels, {channel: {"age": 20} for channel in channels})


def three_groups():
    """Three groups of one channel each, and those channels."""
    groups, channels = [fresh("gr1"), fresh("gr2"), fresh("gr3")], three_channels()
    for group, channel in zip(groups, channels):
        make_group(group, channel)
    return groups, channels


@example("set_state: channel groups (sync)")
def set_state_groups():
    groups, channels = three_groups()
    my_state = {"age": 20}

    with client(fresh("ann")) as pubnub:
        envelope = pubnub.set_state().channel_groups(groups).state(my_state).sync()
        read_back = pubnub.get_state().channels(channels).sync()

    same("state", envelope.result.state, my_state)
    same("read back", read_back.result.channels, {channel: my_state for channel in channels})


@example("set_state: channel groups, keyword form (sync)")
def set_state_groups_keyword():
    groups, channels = three_groups()

    with client(fresh("ann")) as pubnub:
        envelope = pubnub.set_state(channel_groups=groups, state={"age": 20}).sync()
        read_back = pubnub.get_state(channels=channels).sync()

    same("state", envelope.result.state, {"age": 20})
    same("read back", read_back.result.channels, {channel: {"age": 20} for channel in channels})


@example("set_state: a channel and channel groups (sync)")
def set_state_channel_and_groups():
    groups, channels = three_groups()
    room = fresh("room")
    my_state = {"first": "Robin", "age": 59}

    # With a channel beside the groups the SDK sends the call that it refuses for groups alone.
    with client(fresh("ann")) as pubnub:
        envelope = pubnub.set_state().channels(room).channel_groups(groups).state(my_state).sync()
        read_back = pubnub.get_state().channels([room, *channels]).sync()

    same("state", envelope.result.state, my_state)
    same("read back", read_back.result.channels, {channel: my_state for channel in [room, *channels]})


@example("get_state: channel groups (sync)")
def get_state_groups():
    user_id = fresh("such_uuid")
    groups, channels = three_groups()
    join(channels[0], user_id, state={"age": 20})

    with client(fresh("asker")) as pubnub:
        envelope = pubnub.get_state().channel_groups(groups).uuid(user_id).sync()

    same("channels", envelope.result.channels, {channels[0]: {"age": 20}, channels[1]: {}, channels[2]: {}})


# ------------------------------------------------------------------------------------------- heartbeat, channel groups


@example("heartbeat without a subscription (sync)")
def heartbeat():
    user_id, channel = fresh("ann"), fresh("room")

    with client(user_id) as pubnub:
        envelope = pubnub.heartbeat().channels(channel).state({channel: {"mood": "fine"}}).sync()
        state = pubnub.get_state().channels(channel).sync()

    succeeded(envelope.status, PNOperationType.PNHeartbeatOperation)
    same("result", envelope.result, True)
    same("occupants", occupants(channel), [user_id])
    same("state", state.result.channels, {channel: {"mood": "fine"}})


@example("channel groups: add, list, remove, delete (sync)")
def channel_groups():
    group, (ch1, ch2, ch3) = fresh("group"), three_channels()

    with client(fresh("admin")) as pubnub:

        def listed():
            envelope = pubnub.list_channels_in_channel_group().channel_group(group).sync()
            succeeded(envelope.status, PNOperationType.PNChannelsForGroupOperation)
            return sorted(envelope.result.channels)

        same("before", listed(), [])
        add = pubnub.add_channel_to_channel_group().channel_group(group).channels([ch1, ch2, ch3]).sync()
        succeeded(add.status, PNOperationType.PNAddChannelsToGroupOperation)
        same("after add", listed(), [ch1, ch2, ch3])
        remove = pubnub.remove_channel_from_channel_group().channel_group(group).channels(ch2).sync()
        succeeded(remove.status, PNOperationType.PNRemoveChannelsFromGroupOperation)
        same("after remove", listed(), [ch1, ch3])
        delete = pubnub.remove_channel_group().channel_group(group).sync()
        succeeded(delete.status, PNOperationType.PNRemoveGroupOperation)
        same("after delete", listed(), [])


@example("an unknown subscribe key is refused (sync)")
def unknown_key():
    with client(fresh("asker"), keys=KEYS._replace(subscribe=fresh("sub-c-unknown"))) as pubnub:
        try:
            pubnub.here_now().channels("room").sync()
        except PubNubException as refusal:
            same("status", refusal._status_code, 400)
        else:
            raise AssertionError("the key was accepted")
