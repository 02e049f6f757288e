"""The asyncio calls: every example of the Presence document for asyncio, each awaited with `.future()`."""

from pubnub.enums import PNOperationType

from clients import asyncio_client
from harness import (
    IS_NEWEST,
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


@example("publish (asyncio)")
async def publish():
    async with asyncio_client(fresh("publisher")) as pubnub:
        envelope = await pubnub.publish().channel(fresh("myChannel")).message({"text": "hello"}).future()
    succeeded(envelope.status, PNOperationType.PNPublishOperation)
    is_timetoken(envelope.result.timetoken)


@example("here_now: reference example (asyncio)")
async def here_now_reference():
    room, hall = fresh("cool_channel1"), fresh("cool_channel2")
    join(room, "ann", "bob")
    join(hall, "cho")

    async with asyncio_client("my_custom_user_id") as pubnub:
        envelope = await pubnub.here_now().channels([room, hall]).include_uuids(True).future()

    assert not envelope.status.is_error(), "the status is an error"
    lines = []
    for channel in sorted(envelope.result.channels, key=lambda channel: channel.channel_name):
        lines.append(f"{channel.channel_name}: {channel.occupancy}")
        lines += [f"{occupant.uuid} {occupant.state}" for occupant in channel.occupants]
    same("the listing", lines, [f"{room}: 2", "ann None", "bob None", f"{hall}: 1", "cho None"])
    same("total_channels", envelope.result.total_channels, 2)
    same("total_occupancy", envelope.result.total_occupancy, 3)


@example("here_now: state and uuids (asyncio)")
async def here_now_state_and_uuids():
    channel = fresh("my_channel")
    join(channel, "myUuid1", state={"abcd": {"age": 15}})

    async with asyncio_client(fresh("asker")) as pubnub:
        envelope = await pubnub.here_now().channels(channel).include_uuids(True).include_state(True).future()

    succeeded(envelope.status, PNOperationType.PNHereNowOperation)
    same("result", here_now_fields(envelope.result), {
        "total_channels": 1,
        "total_occupancy": 1,
        "channels": [{
            "channel_name": channel, "occupancy": 1, "occupants": [("myUuid1", {"abcd": {"age": 15}})],
        }],
    })


@example("here_now: occupancy only (asyncio)")
async def here_now_occupancy_only():
    channel = fresh("my_channel")
    join(channel, "ann", "bob", "cho")

    async with asyncio_client(fresh("asker")) as pubnub:
        envelope = await pubnub.here_now().channels(channel).include_uuids(False).include_state(False).future()

    same("result", here_now_fields(envelope.result), {
        "total_channels": 1,
        "total_occupancy": 3,
        "channels": [{"channel_name": channel, "occupancy": 3, "occupants": []}],
    })


@example("here_now: channel groups (asyncio)")
async def here_now_channel_groups():
    channels = [fresh("a"), fresh("b"), fresh("c"), fresh("d")]
    groups = [fresh("cg1"), fresh("cg2"), fresh("cg3")]
    make_group(groups[0], channels[0], channels[1])
    make_group(groups[1], channels[2])
    make_group(groups[2], channels[3])
    for channel in channels:
        join(channel, "ann")

    async with asyncio_client(fresh("asker")) as pubnub:
        envelope = await pubnub.here_now().channel_groups(groups).include_uuids(True).include_state(True).future()

    same("result", here_now_fields(envelope.result), {
        "total_channels": 4,
        "total_occupancy": 4,
        "channels": [
            {"channel_name": channel, "occupancy": 1, "occupants": [("ann", None)]} for channel in channels
        ],
    })


@example("here_now: pages by limit and offset (asyncio)", when=IS_NEWEST)
async def here_now_pages():
    channel = fresh("my_channel")
    join(channel, "ann", "bob", "cho")

    async with asyncio_client(fresh("asker")) as pubnub:
        first = await pubnub.here_now().channels(channel).limit(2).future()
        second = await pubnub.here_now().channels(channel).limit(2).offset(2).future()

    pages = [here_now_fields(page.result)["channels"][0] for page in (first, second)]
    same("first page", pages[0]["occupants"], [("ann", None), ("bob", None)])
    same("second page", pages[1]["occupants"], [("cho", None)])
    same("occupancies", [page["occupancy"] for page in pages], [3, 3])


@example("where_now: own channels (asyncio)")
async def where_now_own():
    user_id, room, hall = fresh("ann"), fresh("a_room"), fresh("b_hall")
    join(room, user_id)
    join(hall, user_id)

    async with asyncio_client(user_id) as pubnub:
        envelope = await pubnub.where_now().future()

    succeeded(envelope.status, PNOperationType.PNWhereNowOperation)
    same("channels", sorted(envelope.result.channels), [room, hall])


@example("where_now: another user (asyncio)")
async def where_now_other():
    other, room = fresh("some-other-uuid"), fresh("room")
    join(room, other)

    async with asyncio_client(fresh("asker")) as pubnub:
        envelope = await pubnub.where_now().uuid(other).future()

    same("channels", envelope.result.channels, [room])


@example("set_state: channels (asyncio)")
async def set_state_channels():
    channels, my_state = [fresh("ch1"), fresh("ch2"), fresh("ch3")], {"age": 20}

    async with asyncio_client(fresh("ann")) as pubnub:
        envelope = await pubnub.set_state().channels(channels).state(my_state).future()
        read_back = await pubnub.get_state().channels(channels).future()

    succeeded(envelope.status, PNOperationType.PNSetStateOperation)
    same("state", envelope.result.state, my_state)
    same("read back", read_back.result.channels, {channel: my_state for channel in channels})


@example("get_state: channels (asyncio)")
async def get_state_channels():
    user_id, ch1, ch2, ch3 = fresh("such_uuid"), fresh("ch1"), fresh("ch2"), fresh("ch3")
    join(ch1, user_id, state={"age": 20})
    join(ch2, user_id)

    async with asyncio_client(fresh("asker")) as pubnub:
        envelope = await pubnub.get_state().channels([ch1, ch2, ch3]).uuid(user_id).future()

    succeeded(envelope.status, PNOperationType.PNGetState)
    same("channels", envelope.result.channels, {ch1: {"age": 20}, ch2: {}, ch3: {}})


@example("set_state: channel groups (asyncio)")
async def set_state_groups():
    groups, channels = [fresh("gr1"), fresh("gr2"), fresh("gr3")], [fresh("ch1"), fresh("ch2"), fresh("ch3")]
    for group, channel in zip(groups, channels):
        make_group(group, channel)
    my_state = {"age": 20}

    async with asyncio_client(fresh("ann")) as pubnub:
        envelope = await pubnub.set_state().channel_groups(groups).state(my_state).future()
        # A refusal of the SDK itself comes back as the value of the future, not as an exception.
        assert not isinstance(envelope, Exception), "the SDK refused the call"
        read_back = await pubnub.get_state().channels(channels).future()

    same("state", envelope.result.state, my_state)
    same("read back", read_back.result.channels, {channel: my_state for channel in channels})


@example("heartbeat without a subscription (asyncio)")
async def heartbeat():
    user_id, channel = fresh("ann"), fresh("room")

    async with asyncio_client(user_id) as pubnub:
        envelope = await pubnub.heartbeat().channels(channel).state({channel: {"mood": "fine"}}).future()
        state = await pubnub.get_state().channels(channel).future()

    succeeded(envelope.status, PNOperationType.PNHeartbeatOperation)
    same("result", envelope.result, True)
    same("occupants", occupants(channel), [user_id])
    same("state", state.result.channels, {channel: {"mood": "fine"}})


@example("channel groups: add, list, remove, delete (asyncio)")
async def channel_groups():
    group, ch1, ch2 = fresh("group"), fresh("ch1"), fresh("ch2")

    async with asyncio_client(fresh("admin")) as pubnub:

        async def listed():
            envelope = await pubnub.list_channels_in_channel_group().channel_group(group).future()
            succeeded(envelope.status, PNOperationType.PNChannelsForGroupOperation)
            return sorted(envelope.result.channels)

        add = await pubnub.add_channel_to_channel_group().channel_group(group).channels([ch1, ch2]).future()
        succeeded(add.status, PNOperationType.PNAddChannelsToGroupOperation)
        same("after add", await listed(), [ch1, ch2])
        remove = await pubnub.remove_channel_from_channel_group().channel_group(group).channels([ch2]).future()
        succeeded(remove.status, PNOperationType.PNRemoveChannelsFromGroupOperation)
        same("after remove", await listed(), [ch1])
        delete = await pubnub.remove_channel_group().channel_group(group).future()
        succeeded(delete.status, PNOperationType.PNRemoveGroupOperation)
        same("after delete", await listed(), [])
