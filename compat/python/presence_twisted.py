"""The calls that give a deferred: every example of the Presence document for Twisted, each awaited as `.deferred()`."""

from pubnub.enums import PNOperationType

from harness import (
    KEYS,
    example,
    fresh,
    here_now_fields,
    is_timetoken,
    join,
    make_group,
    same,
    succeeded,
)
from twisted_clients import PubNubTwistedException, client


def three_groups():
    """Three groups with one channel each."""
    groups, channels = [fresh("gr1"), fresh("gr2"), fresh("gr3")], [fresh("ch1"), fresh("ch2"), fresh("ch3")]
    for group, channel in zip(groups, channels):
        make_group(group, channel)
    return groups, channels


# ------------------------------------------------------------------------------------------------ publish, time, signal


@example("publish (deferred)")
async def publish():
    with client(fresh("publisher")) as pubnub:
        envelope = await pubnub.publish().channel(fresh("myChannel")).message({"text": "hello"}).deferred()
    succeeded(envelope.status, PNOperationType.PNPublishOperation)
    is_timetoken(envelope.result.timetoken)


@example("publish: POST (deferred)")
async def publish_by_post():
    with client(fresh("publisher")) as pubnub:
        publish = pubnub.publish().channel(fresh("myChannel")).message({"text": "hello"})
        envelope = await publish.use_post(True).deferred()
    succeeded(envelope.status, PNOperationType.PNPublishOperation)
    is_timetoken(envelope.result.timetoken)


@example("signal (deferred)")
async def signal():
    with client(fresh("publisher")) as pubnub:
        envelope = await pubnub.signal().channel(fresh("myChannel")).message({"typing": True}).deferred()
    succeeded(envelope.status, PNOperationType.PNSignalOperation)
    is_timetoken(int(envelope.result.timetoken))


@example("time (deferred)")
async def time():
    with client(fresh("clock")) as pubnub:
        envelope = await pubnub.time().deferred()
    succeeded(envelope.status, PNOperationType.PNTimeOperation)
    is_timetoken(int(envelope.result))


# ------------------------------------------------------------------------------------------------------------- here now


@example("here_now: uuids (deferred)")
async def here_now():
    my_channel, demo = fresh("my_channel"), fresh("a_demo")
    join(my_channel, "ann", "bob")
    join(demo, "cho")

    with client(fresh("asker")) as pubnub:
        envelope = await pubnub.here_now().channels([my_channel, demo]).include_uuids(True).deferred()

    succeeded(envelope.status, PNOperationType.PNHereNowOperation)
    lines = []
    for channel_data in sorted(envelope.result.channels, key=lambda channel: channel.channel_name):
        lines.append(f"{channel_data.channel_name}: {channel_data.occupancy}")
        lines += [f"{occupant.uuid} {occupant.state}" for occupant in channel_data.occupants]
    same("the listing", lines, [f"{demo}: 1", "cho None", f"{my_channel}: 2", "ann None", "bob None"])
    same("total_channels", envelope.result.total_channels, 2)
    same("total_occupancy", envelope.result.total_occupancy, 3)


@example("here_now: state and uuids (deferred)")
async def here_now_state_and_uuids():
    channel = fresh("my_channel")
    join(channel, "myUuid1", state={"abcd": {"age": 15}})

    with client(fresh("asker")) as pubnub:
        d = pubnub.here_now().channels(channel).include_uuids(True).include_state(True).deferred()
        envelope = await d

    same("result", here_now_fields(envelope.result), {
        "total_channels": 1,
        "total_occupancy": 1,
        "channels": [{
            "channel_name": channel, "occupancy": 1, "occupants": [("myUuid1", {"abcd": {"age": 15}})],
        }],
    })


@example("here_now: occupancy only (deferred)")
async def here_now_occupancy_only():
    channel = fresh("my_channel")
    join(channel, "ann", "bob", "cho")

    with client(fresh("asker")) as pubnub:
        d = pubnub.here_now().channels(channel).include_uuids(False).include_state(False).deferred()
        envelope = await d

    same("result", here_now_fields(envelope.result), {
        "total_channels": 1,
        "total_occupancy": 3,
        "channels": [{"channel_name": channel, "occupancy": 3, "occupants": []}],
    })


@example("here_now: channel groups (deferred)")
async def here_now_channel_groups():
    groups, channels = three_groups()
    for channel in channels:
        join(channel, "ann")

    with client(fresh("asker")) as pubnub:
        d = pubnub.here_now().channel_groups(groups).include_uuids(True).include_state(True).deferred()
        envelope = await d

    same("result", here_now_fields(envelope.result), {
        "total_channels": 3,
        "total_occupancy": 3,
        "channels": [
            {"channel_name": channel, "occupancy": 1, "occupants": [("ann", None)]} for channel in channels
        ],
    })


@example("here_now: nobody there (deferred)")
async def here_now_nobody():
    channel = fresh("my_channel")

    with client(fresh("asker")) as pubnub:
        envelope = await pubnub.here_now().channels(channel).deferred()

    same("result", here_now_fields(envelope.result), {
        "total_channels": 1,
        "total_occupancy": 0,
        "channels": [{"channel_name": channel, "occupancy": 0, "occupants": []}],
    })


# ------------------------------------------------------------------------------------------------------------ where now


@example("where_now: own channels (deferred)")
async def where_now_own():
    user_id, room, hall = fresh("ann"), fresh("a_room"), fresh("b_hall")
    join(room, user_id)
    join(hall, user_id)

    with client(user_id) as pubnub:
        envelope = await pubnub.where_now().deferred()

    succeeded(envelope.status, PNOperationType.PNWhereNowOperation)
    same("channels", sorted(envelope.result.channels), [room, hall])


@example("where_now: another user (deferred)")
async def where_now_other():
    other, room = fresh("some-other-uuid"), fresh("room")
    join(room, other)

    with client(fresh("asker")) as pubnub:
        envelope = await pubnub.where_now().uuid(other).deferred()
        nobody = await pubnub.where_now().uuid(fresh("stranger")).deferred()

    same("channels", envelope.result.channels, [room])
    same("channels of a stranger", nobody.result.channels, [])


# ---------------------------------------------------------------------------------------------------------------- state


@example("set_state: channels (deferred)")
async def set_state_channels():
    channels, my_state = [fresh("ch1"), fresh("ch2"), fresh("ch3")], {"age": 20}

    with client(fresh("ann")) as pubnub:
        envelope = await pubnub.set_state().channels(channels).state(my_state).deferred()
        read_back = await pubnub.get_state().channels(channels).deferred()

    succeeded(envelope.status, PNOperationType.PNSetStateOperation)
    same("state", envelope.result.state, my_state)
    same("read back", read_back.result.channels, {channel: my_state for channel in channels})


@example("get_state: channels (deferred)")
async def get_state_channels():
    user_id, ch1, ch2, ch3 = fresh("such_uuid"), fresh("ch1"), fresh("ch2"), fresh("ch3")
    join(ch1, user_id, state={"age": 20})

    with client(fresh("asker")) as pubnub:
        envelope = await pubnub.get_state().channels([ch1, ch2, ch3]).uuid(user_id).deferred()

    same("channels", envelope.result.channels, {ch1: {"age": 20}, ch2: {}, ch3: {}})


@example("get_state: own channels (deferred)")
async def get_state_own():
    user_id, ch1, ch2, ch3 = fresh("such_uuid"), fresh("ch1"), fresh("ch2"), fresh("ch3")
    join(ch1, user_id, state={"age": 20})
    join(ch2, user_id)

    with client(user_id) as pubnub:
        envelope = await pubnub.get_state().channels([ch1, ch2, ch3]).deferred()
        one = await pubnub.get_state().channels(ch1).deferred()

    succeeded(envelope.status, PNOperationType.PNGetState)
    same("channels", envelope.result.channels, {ch1: {"age": 20}, ch2: {}, ch3: {}})
    same("one channel", one.result.channels, {ch1: {"age": 20}})


@example("get_state: own channels, channel groups (deferred)")
async def get_state_groups():
    user_id = fresh("such_uuid")
    groups, channels = three_groups()
    join(channels[0], user_id, state={"age": 20})

    with client(user_id) as pubnub:
        envelope = await pubnub.get_state().channel_groups(groups).deferred()

    same("channels", envelope.result.channels, {channels[0]: {"age": 20}, channels[1]: {}, channels[2]: {}})


@example("set_state: channel groups (deferred)")
async def set_state_groups():
    groups, channels = three_groups()
    my_state = {"first": "Robin", "age": 59}

    with client(fresh("ann")) as pubnub:
        envelope = await pubnub.set_state().channel_groups(groups).state(my_state).deferred()
        read_back = await pubnub.get_state().channels(channels).deferred()

    same("state", envelope.result.state, my_state)
    same("read back", read_back.result.channels, {channel: my_state for channel in channels})


@example("set_state: a channel and channel groups (deferred)")
async def set_state_channel_and_groups():
    groups, channels = three_groups()
    room, my_state = fresh("room"), {"first": "Robin", "age": 59}

    # With a channel beside the groups the SDK sends the call that it refuses for groups alone.
    with client(fresh("ann")) as pubnub:
        envelope = await pubnub.set_state().channels(room).channel_groups(groups).state(my_state).deferred()
        read_back = await pubnub.get_state().channels([room, *channels]).deferred()

    same("state", envelope.result.state, my_state)
    same("read back", read_back.result.channels, {channel: my_state for channel in [room, *channels]})


# ------------------------------------------------------------------------------------------------------- channel groups


@example("channel groups: add, list, remove, delete (deferred)")
async def channel_groups():
    group, ch1, ch2 = fresh("group"), fresh("ch1"), fresh("ch2")

    with client(fresh("admin")) as pubnub:

        async def listed():
            envelope = await pubnub.list_channels_in_channel_group().channel_group(group).deferred()
            succeeded(envelope.status, PNOperationType.PNChannelsForGroupOperation)
            return sorted(envelope.result.channels)

        add = await pubnub.add_channel_to_channel_group().channel_group(group).channels([ch1, ch2]).deferred()
        succeeded(add.status, PNOperationType.PNAddChannelsToGroupOperation)
        same("after add", await listed(), [ch1, ch2])
        remove = await pubnub.remove_channel_from_channel_group().channel_group(group).channels(ch2).deferred()
        succeeded(remove.status, PNOperationType.PNRemoveChannelsFromGroupOperation)
        same("after remove", await listed(), [ch1])
        delete = await pubnub.remove_channel_group().channel_group(group).deferred()
        succeeded(delete.status, PNOperationType.PNRemoveGroupOperation)
        same("after delete", await listed(), [])


@example("an unknown subscribe key is refused (deferred)")
async def unknown_key():
    with client(fresh("asker"), keys=KEYS._replace(subscribe=fresh("sub-c-unknown"))) as pubnub:
        try:
            await pubnub.here_now().channels("room").deferred()
        except PubNubTwistedException as refusal:
            same("status", refusal.status.status_code, 400)
        else:
            raise AssertionError("the key was accepted")
