"""The callback calls: the examples of the Presence document with `.pn_async(callback)` in place of `.sync()`."""

from pubnub.enums import PNOperationType

from clients import Answer, client
from harness import example, fresh, here_now_fields, is_timetoken, join, make_group, same, succeeded


@example("publish (callback)")
def publish():
    answer = Answer()

    with client(fresh("publisher")) as pubnub:
        pubnub.publish().channel(fresh("myChannel")).message("Hello from Hereabouts").pn_async(answer)
        result, status = answer.wait()

    succeeded(status, PNOperationType.PNPublishOperation)
    is_timetoken(result.timetoken)


@example("signal (callback)")
def signal():
    answer = Answer()

    with client(fresh("publisher")) as pubnub:
        pubnub.signal().channel(fresh("myChannel")).message("typing").pn_async(answer)
        result, status = answer.wait()

    succeeded(status, PNOperationType.PNSignalOperation)
    is_timetoken(int(result.timetoken))


@example("here_now: state and uuids (callback)")
def here_now_state_and_uuids():
    channel, answer = fresh("my_channel"), Answer()
    join(channel, "myUuid1", state={"abcd": {"age": 15}})

    with client(fresh("asker")) as pubnub:
        pubnub.here_now().channels(channel).include_uuids(True).include_state(True).pn_async(answer)
        result, status = answer.wait()

    succeeded(status, PNOperationType.PNHereNowOperation)
    same("result", here_now_fields(result), {
        "total_channels": 1,
        "total_occupancy": 1,
        "channels": [{
            "channel_name": channel, "occupancy": 1, "occupants": [("myUuid1", {"abcd": {"age": 15}})],
        }],
    })


@example("here_now: occupancy only (callback)")
def here_now_occupancy_only():
    channel, answer = fresh("my_channel"), Answer()
    join(channel, "ann", "bob", "cho")

    with client(fresh("asker")) as pubnub:
        pubnub.here_now().channels(channel).include_uuids(False).include_state(False).pn_async(answer)
        result, status = answer.wait()

    succeeded(status, PNOperationType.PNHereNowOperation)
    same("result", here_now_fields(result), {
        "total_channels": 1,
        "total_occupancy": 3,
        "channels": [{"channel_name": channel, "occupancy": 3, "occupants": []}],
    })


@example("here_now: channel groups (callback)")
def here_now_channel_groups():
    room, hall, yard = fresh("a_room"), fresh("b_hall"), fresh("c_yard")
    groups, answer = [fresh("cg1"), fresh("cg2"), fresh("cg3")], Answer()
    make_group(groups[0], room)
    make_group(groups[1], hall)
    make_group(groups[2], yard)
    join(room, "ann", "bob")
    join(yard, "cho", state={"mood": "fine"})

    with client(fresh("asker")) as pubnub:
        pubnub.here_now().channel_groups(groups).include_uuids(True).include_state(True).pn_async(answer)
        result, status = answer.wait()

    succeeded(status, PNOperationType.PNHereNowOperation)
    same("result", here_now_fields(result), {
        "total_channels": 2,
        "total_occupancy": 3,
        "channels": [
            {"channel_name": room, "occupancy": 2, "occupants": [("ann", None), ("bob", None)]},
            {"channel_name": yard, "occupancy": 1, "occupants": [("cho", {"mood": "fine"})]},
        ],
    })


@example("where_now: own channels (callback)")
def where_now_own():
    user_id, room, hall, answer = fresh("ann"), fresh("a_room"), fresh("b_hall"), Answer()
    join(room, user_id)
    join(hall, user_id)

    with client(user_id) as pubnub:
        pubnub.where_now().pn_async(answer)
        result, status = answer.wait()

    succeeded(status, PNOperationType.PNWhereNowOperation)
    same("channels", sorted(result.channels), [room, hall])


@example("where_now: another user (callback)")
def where_now_other():
    other, room, answer = fresh("some-other-uuid"), fresh("room"), Answer()
    join(room, other)

    with client(fresh("asker")) as pubnub:
        pubnub.where_now().uuid(other).pn_async(answer)
        result, status = answer.wait()

    succeeded(status, PNOperationType.PNWhereNowOperation)
    same("channels", result.channels, [room])


@example("set_state and get_state: channels (callback)")
def state_channels():
    user_id, channels = fresh("ann"), [fresh("ch1"), fresh("ch2"), fresh("ch3")]
    my_state, answer = {"age": 20}, Answer()

    with client(user_id) as pubnub:
        pubnub.set_state().channels(channels).state(my_state).pn_async(answer)
        result, status = answer.wait()
        succeeded(status, PNOperationType.PNSetStateOperation)
        same("state", result.state, my_state)

        pubnub.get_state().channels(channels).uuid(user_id).pn_async(answer)
        result, status = answer.wait()
        succeeded(status, PNOperationType.PNGetState)
        same("channels", result.channels, {channel: my_state for channel in channels})


@example("set_state: channel groups (callback)")
def set_state_groups():
    group, channel, answer = fresh("gr1"), fresh("ch1"), Answer()
    make_group(group, channel)

    with client(fresh("ann")) as pubnub:
        pubnub.set_state().channel_groups([group]).state({"age": 20}).pn_async(answer)
        result, status = answer.wait()

    succeeded(status, PNOperationType.PNSetStateOperation)
    same("state", result.state, {"age": 20})


@example("get_state: channel groups (callback)")
def get_state_groups():
    user_id, group, channel, answer = fresh("such_uuid"), fresh("gr1"), fresh("ch1"), Answer()
    make_group(group, channel)
    join(channel, user_id, state={"age": 20})

    with client(fresh("asker")) as pubnub:
        pubnub.get_state().channel_groups([group]).uuid(user_id).pn_async(answer)
        result, status = answer.wait()

    succeeded(status, PNOperationType.PNGetState)
    same("channels", result.channels, {channel: {"age": 20}})


@example("channel groups: add, list, remove, delete (callback)")
def channel_groups():
    group, ch1, ch2, answer = fresh("group"), fresh("ch1"), fresh("ch2"), Answer()

    with client(fresh("admin")) as pubnub:

        def listed():
            pubnub.list_channels_in_channel_group().channel_group(group).pn_async(answer)
            result, status = answer.wait()
            succeeded(status, PNOperationType.PNChannelsForGroupOperation)
            return sorted(result.channels)

        pubnub.add_channel_to_channel_group().channel_group(group).channels([ch1, ch2]).pn_async(answer)
        succeeded(answer.wait()[1], PNOperationType.PNAddChannelsToGroupOperation)
        same("after add", listed(), [ch1, ch2])
        pubnub.remove_channel_from_channel_group().channel_group(group).channels([ch2]).pn_async(answer)
        succeeded(answer.wait()[1], PNOperationType.PNRemoveChannelsFromGroupOperation)
        same("after remove", listed(), [ch1])
        pubnub.remove_channel_group().channel_group(group).pn_async(answer)
        succeeded(answer.wait()[1], PNOperationType.PNRemoveGroupOperation)
        same("after delete", listed(), [])
