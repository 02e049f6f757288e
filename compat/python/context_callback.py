"""The callback calls of App Context: the examples of its document with `.pn_async(callback)` in place of `.sync()`."""

from pubnub.enums import PNOperationType
from pubnub.models.consumer.objects_v2.channel_members import PNUUID
from pubnub.models.consumer.objects_v2.memberships import PNChannelMembership
from pubnub.models.consumer.objects_v2.sort import PNSortKey, PNSortKeyValue

from clients import CALLBACK, Answer
from context import (
    CHANNELS,
    INVALID_INPUT,
    NOT_FOUND,
    USERS,
    all_plain,
    etag_forgotten,
    example_in,
    example_in_each_form,
    example_of_each_kind,
    no_more_pages,
    one_plain,
    plain,
    refused_status,
    set_status_and_type,
    status_and_type,
)
from harness import IS_NEWEST, fresh, same, succeeded


def ask(call, operation):
    """The result of a call that should succeed."""
    answer = Answer()
    call.pn_async(answer)
    result, status = answer.wait()
    succeeded(status, operation)
    return result


def ask_refused(call, status_code, message):
    answer = Answer()
    call.pn_async(answer)
    result, status = answer.wait()
    same("result", result, None)
    refused_status(status, status_code, message)


# --------------------------------------------------------------------------------------------------- users and channels


@example_of_each_kind("get_all_{}_metadata", CALLBACK)
def get_all(kind, client):
    # Sorts before every other record, so that it is on the first page whatever else the server holds.
    record_id = f"0 {fresh('record')}"

    with client(fresh("asker")) as pubnub:
        kind.make(pubnub, record_id, custom={"key1": "val1"})
        call = kind.get_all(pubnub).include_custom(True).limit(10).include_total_count(True)
        call.sort(PNSortKey.asc(PNSortKeyValue.ID), PNSortKey.desc(PNSortKeyValue.UPDATED)).page(None)
        result = ask(call, kind.get_all_operation)
        kind.call(pubnub, "remove", record_id).sync()

    same("records", len(result.data), min(10, result.total_count))
    same("the record", [plain(record) for record in result.data if record["id"] == record_id], [
        kind.record(record_id, custom={"key1": "val1"}),
    ])


@example_in("set_uuid_metadata and get_uuid_metadata", CALLBACK)
def set_and_get_user(client):
    user_id = fresh("Some UUID")

    with client(user_id) as pubnub:
        call = pubnub.set_uuid_metadata().include_custom(True).uuid(user_id).set_name("Some Name")
        call = set_status_and_type(call, "Active", "User")
        call.email("test@example.com").profile_url("http://example.com").external_id("1234567890")
        call.custom({"key1": "val1", "key2": "val2"})
        written = ask(call, PNOperationType.PNSetUuidMetadataOperation)
        read = ask(pubnub.get_uuid_metadata().include_custom(True), PNOperationType.PNGetUuidMetadataOperation)

    same("user", one_plain(written), {
        "id": user_id,
        "name": "Some Name",
        "externalId": "1234567890",
        "profileUrl": "http://example.com",
        "email": "test@example.com",
        **status_and_type("Active", "User"),
        "custom": {"key1": "val1", "key2": "val2"},
    })
    same("user, read afterwards", (read.status, read.data), (200, written.data))


@example_in("remove_uuid_metadata", CALLBACK)
def remove_user(client):
    user_id = fresh("Some UUID")

    with client(fresh("admin")) as pubnub:
        USERS.make(pubnub, user_id, name="Some Name")
        result = ask(pubnub.remove_uuid_metadata().uuid(user_id), PNOperationType.PNRemoveUuidMetadataOperation)
        ask_refused(pubnub.get_uuid_metadata().uuid(user_id), 404, NOT_FOUND)

    same("result", (result.data, result.status), (None, 200))


@example_in("set_channel_metadata and get_channel_metadata", CALLBACK)
def set_and_get_channel(client):
    channel_id = fresh("channel id")

    with client(fresh("admin")) as pubnub:
        call = pubnub.set_channel_metadata().include_custom(True).channel(channel_id).set_name("Channel Name")
        call = set_status_and_type(call, "Archived", "Archived")
        call.description("Description").custom({"key1": "val1", "key2": "val2"})
        written = ask(call, PNOperationType.PNSetChannelMetadataOperation)
        call = pubnub.get_channel_metadata().include_custom(True).channel(channel_id)
        read = ask(call, PNOperationType.PNGetChannelMetadataOperation)

    same("channel", one_plain(written), {
        "id": channel_id,
        "name": "Channel Name",
        "description": "Description",
        **status_and_type("Archived", "Archived"),
        "custom": {"key1": "val1", "key2": "val2"},
    })
    same("channel, read afterwards", (read.status, read.data), (200, written.data))


@example_in("remove_channel_metadata", CALLBACK)
def remove_channel(client):
    channel_id = fresh("channel id")

    with client(fresh("admin")) as pubnub:
        CHANNELS.make(pubnub, channel_id, name="Channel Name")
        call = pubnub.remove_channel_metadata().channel(channel_id)
        result = ask(call, PNOperationType.PNRemoveChannelMetadataOperation)
        ask_refused(pubnub.get_channel_metadata().channel(channel_id), 404, NOT_FOUND)

    same("result", (result.data, result.status), (None, 200))


@example_of_each_kind("set_{}_metadata: if_matches_etag", CALLBACK, when=IS_NEWEST)
def set_if_matches_etag(kind, client):
    record_id = fresh("record")

    with client(fresh("admin")) as pubnub, etag_forgotten(pubnub):
        read = kind.make(pubnub, record_id, name="Some Name").data
        call = kind.call(pubnub, "set", record_id).set_name("Second").if_matches_etag(read["eTag"])
        changed = ask(call, kind.set_operation)
        call = kind.call(pubnub, "set", record_id).set_name("Third").if_matches_etag(read["eTag"])
        ask_refused(call, 412, kind.modified)

    same("changed", one_plain(changed), kind.record(record_id, name="Second"))


@example_of_each_kind("get_all_{}_metadata: a filter that cannot be read", CALLBACK)
def get_all_refused(kind, client):
    with client(fresh("asker")) as pubnub:
        ask_refused(kind.get_all(pubnub).filter("name = 'Ann'"), 400, INVALID_INPUT)


# ---------------------------------------------------------------------------------------------- memberships and members


@example_in_each_form("memberships: set, get, manage, remove; {}", CALLBACK)
def memberships(form, client):
    user_id, some_channel, some_channel_with_custom = fresh("some_uuid"), fresh("a_channel"), fresh("b_channel")
    custom_1 = {"key3": "val1", "key4": "val2"}
    just_channel, channel_with_custom = PNChannelMembership.channel, PNChannelMembership.channel_with_custom

    with client(fresh("admin")) as pubnub:
        CHANNELS.make(pubnub, some_channel, name="some name")
        CHANNELS.make(pubnub, some_channel_with_custom, name="some name with custom", custom=custom_1)

        def asked(call, operation):
            result = ask(form.with_channel(call.uuid(user_id)), operation)
            no_more_pages(result)
            return all_plain(result)

        call = pubnub.set_memberships()
        call.channel_memberships([just_channel(some_channel), channel_with_custom(some_channel_with_custom, custom_1)])
        after_set = asked(call, PNOperationType.PNSetMembershipsOperation)
        got = asked(pubnub.get_memberships(), PNOperationType.PNGetMembershipsOperation)
        call = pubnub.manage_memberships().set([channel_with_custom(some_channel, {"role": "host"})])
        call.remove([just_channel(some_channel_with_custom)])
        after_manage = asked(call, PNOperationType.PNManageMembershipsOperation)
        call = pubnub.remove_memberships().channel_memberships([just_channel(some_channel)])
        after_remove = asked(call, PNOperationType.PNRemoveMembershipsOperation)

    first = CHANNELS.embedded(some_channel, name="some name", custom=None)
    second = CHANNELS.embedded(some_channel_with_custom, name="some name with custom", custom=custom_1)
    same("after set", after_set, [{"channel": first, "custom": None}, {"channel": second, "custom": custom_1}])
    same("got", got, after_set)
    same("after manage", after_manage, [{"channel": first, "custom": {"role": "host"}}])
    same("after remove", after_remove, [])


@example_in_each_form("channel members: set, get, manage, remove; {}", CALLBACK)
def channel_members(form, client):
    channel_id, some_uuid, some_uuid_with_custom = fresh("channel id"), fresh("a_user"), fresh("b_user")
    custom_1 = {"key3": "val1", "key4": "val2"}

    with client(fresh("admin")) as pubnub:
        USERS.make(pubnub, some_uuid, name="some name")
        USERS.make(pubnub, some_uuid_with_custom, name="some name with custom", custom=custom_1)

        def asked(call, operation):
            result = ask(form.with_user(call.channel(channel_id)), operation)
            no_more_pages(result)
            return all_plain(result)

        call = pubnub.set_channel_members()
        call.uuids([PNUUID.uuid(some_uuid), PNUUID.uuid_with_custom(some_uuid_with_custom, custom_1)])
        after_set = asked(call, PNOperationType.PNSetChannelMembersOperation)
        got = asked(pubnub.get_channel_members(), PNOperationType.PNGetChannelMembersOperation)
        call = pubnub.manage_channel_members().set([PNUUID.uuid_with_custom(some_uuid, {"role": "host"})])
        call.remove([PNUUID.uuid(some_uuid_with_custom)])
        after_manage = asked(call, PNOperationType.PNManageChannelMembersOperation)
        call = pubnub.remove_channel_members().uuids([PNUUID.uuid(some_uuid)])
        after_remove = asked(call, PNOperationType.PNRemoveChannelMembersOperation)

    first = USERS.embedded(some_uuid, name="some name", custom=None)
    second = USERS.embedded(some_uuid_with_custom, name="some name with custom", custom=custom_1)
    same("after set", after_set, [{"uuid": first, "custom": None}, {"uuid": second, "custom": custom_1}])
    same("got", got, after_set)
    same("after manage", after_manage, [{"uuid": first, "custom": {"role": "host"}}])
    same("after remove", after_remove, [])
