"""The synchronous calls of App Context: every example of its document that ends in `.sync()`, and what its tables add."""

from pubnub.endpoints.objects_v2.objects_endpoint import ChannelIncludeEndpoint, UUIDIncludeEndpoint
from pubnub.enums import PNOperationType
from pubnub.exceptions import PubNubException
from pubnub.models.consumer.objects_v2.channel_members import PNUUID
from pubnub.models.consumer.objects_v2.memberships import PNChannelMembership
from pubnub.models.consumer.objects_v2.page import Next, Previous
from pubnub.models.consumer.objects_v2.sort import PNSortKey, PNSortKeyValue

from context import (
    CHANNELS,
    INVALID_INPUT,
    MEMBERS,
    MEMBERSHIPS,
    NOT_FOUND,
    USERS,
    all_plain,
    etag_forgotten,
    example_in_each_form,
    example_of_each_kind,
    example_of_each_side,
    no_more_pages,
    one_plain,
    plain,
    refused,
    set_status_and_type,
    status_and_type,
)
from harness import IS_NEWEST, client, example, fresh, same, succeeded

# ---------------------------------------------------------------------------------------------------------------- users


@example("get_all_uuid_metadata (sync)")
def get_all_users():
    # Sorts before every other user, so that it is on the first page whatever else the server holds.
    user_id = f"0 {fresh('Some UUID')}"

    with client(fresh("asker")) as pubnub:
        USERS.make(pubnub, user_id, custom={"key1": "val1"})
        call = pubnub.get_all_uuid_metadata().include_custom(True).limit(10).include_total_count(True)
        call.sort(PNSortKey.asc(PNSortKeyValue.ID), PNSortKey.desc(PNSortKeyValue.UPDATED)).page(None)
        envelope = call.sync()
        pubnub.remove_uuid_metadata().uuid(user_id).sync()

    succeeded(envelope.status, PNOperationType.PNGetAllUuidMetadataOperation)
    result = envelope.result
    same("records", len(result.data), min(10, result.total_count))
    same("the user", [plain(user) for user in result.data if user["id"] == user_id], [
        USERS.record(user_id, custom={"key1": "val1"}),
    ])
    same("next", type(result.next), Next)
    same("prev", result.prev, None)


@example("get_uuid_metadata (sync)")
def get_user():
    user_id = fresh("ann")

    with client(user_id) as pubnub:
        pubnub.set_uuid_metadata().set_name("Ann").custom({"key1": "val1"}).sync()
        envelope = pubnub.get_uuid_metadata().include_custom(True).sync()

    succeeded(envelope.status, PNOperationType.PNGetUuidMetadataOperation)
    same("user", one_plain(envelope.result), USERS.record(user_id, name="Ann", custom={"key1": "val1"}))


@example("get_uuid_metadata: another user, custom unset (sync)")
def get_other_user():
    user_id = fresh("Some UUID")

    with client(fresh("asker")) as pubnub:
        pubnub.set_uuid_metadata().uuid(user_id).email("test@example.com").sync()
        envelope = pubnub.get_uuid_metadata().uuid(user_id).include_custom(True).sync()

    same("user", one_plain(envelope.result), USERS.record(user_id, email="test@example.com", custom=None))


@example("set_uuid_metadata (sync)")
def set_user():
    user_id = fresh("Some UUID")

    with client(fresh("admin")) as pubnub:
        call = pubnub.set_uuid_metadata().include_custom(True).uuid(user_id).set_name("Some Name")
        call = set_status_and_type(call, "Active", "User")
        call.email("test@example.com").profile_url("http://example.com").external_id("1234567890")
        envelope = call.custom({"key1": "val1", "key2": "val2"}).sync()
        read = pubnub.get_uuid_metadata().uuid(user_id).include_custom(True).sync()

    succeeded(envelope.status, PNOperationType.PNSetUuidMetadataOperation)
    same("user", one_plain(envelope.result), {
        "id": user_id,
        "name": "Some Name",
        "externalId": "1234567890",
        "profileUrl": "http://example.com",
        "email": "test@example.com",
        **status_and_type("Active", "User"),
        "custom": {"key1": "val1", "key2": "val2"},
    })
    same("user, read afterwards", read.result.data, envelope.result.data)


@example("set_uuid_metadata: fields left out (sync)")
def set_user_partly():
    user_id = fresh("Some UUID")

    with client(fresh("admin")) as pubnub:
        call = pubnub.set_uuid_metadata().uuid(user_id).set_name("Some Name").email("test@example.com")
        set_status_and_type(call, "Active", "User").custom({"key1": "val1"}).sync()
        pubnub.set_uuid_metadata().uuid(user_id).set_name("Other Name").sync()
        read = pubnub.get_uuid_metadata().uuid(user_id).include_custom(True).sync()

    # The SDKs send null for text that the caller leaves out. The newest one does not send the rest at all.
    same("user", one_plain(read.result), USERS.record(
        user_id,
        name="Other Name",
        **status_and_type("Active", "User"),
        custom={"key1": "val1"} if IS_NEWEST else None,
    ))


@example("remove_uuid_metadata (sync)")
def remove_user():
    user_id = fresh("Some UUID")

    with client(fresh("admin")) as pubnub:
        USERS.make(pubnub, user_id, name="Some Name")
        envelope = pubnub.remove_uuid_metadata().uuid(user_id).sync()
        with refused(404, NOT_FOUND):
            pubnub.get_uuid_metadata().uuid(user_id).sync()

    succeeded(envelope.status, PNOperationType.PNRemoveUuidMetadataOperation)
    same("result", (envelope.result.data, envelope.result.status), (None, 200))


@example("remove_uuid_metadata: own user (sync)")
def remove_own_user():
    with client(fresh("ann")) as pubnub:
        pubnub.set_uuid_metadata().set_name("Ann").sync()
        pubnub.remove_uuid_metadata().sync()
        with refused(404, NOT_FOUND):
            pubnub.get_uuid_metadata().sync()


# ------------------------------------------------------------------------------------------------------------- channels


@example("get_all_channel_metadata (sync)")
def get_all_channels():
    channel_id = f"0 {fresh('channel')}"

    with client(fresh("asker")) as pubnub:
        CHANNELS.make(pubnub, channel_id, custom={"key1": "val1"})
        call = pubnub.get_all_channel_metadata().include_custom(True).limit(10).include_total_count(True)
        call.sort(PNSortKey.asc(PNSortKeyValue.ID), PNSortKey.desc(PNSortKeyValue.UPDATED)).page(None)
        envelope = call.sync()
        pubnub.remove_channel_metadata().channel(channel_id).sync()

    succeeded(envelope.status, PNOperationType.PNGetAllChannelMetadataOperation)
    result = envelope.result
    same("records", len(result.data), min(10, result.total_count))
    same("the channel", [plain(channel) for channel in result.data if channel["id"] == channel_id], [
        CHANNELS.record(channel_id, custom={"key1": "val1"}),
    ])
    same("next", type(result.next), Next)
    same("prev", result.prev, None)


@example("get_channel_metadata (sync)")
def get_channel():
    channel_id = fresh("channel")

    with client(fresh("asker")) as pubnub:
        CHANNELS.make(pubnub, channel_id, name="Channel Name", custom={"key1": "val1"})
        envelope = pubnub.get_channel_metadata().include_custom(True).channel(channel_id).sync()

    succeeded(envelope.status, PNOperationType.PNGetChannelMetadataOperation)
    same("channel", one_plain(envelope.result), CHANNELS.record(
        channel_id, name="Channel Name", custom={"key1": "val1"},
    ))


@example("set_channel_metadata (sync)")
def set_channel():
    channel_id = fresh("channel id")

    with client(fresh("admin")) as pubnub:
        call = pubnub.set_channel_metadata().include_custom(True).channel(channel_id).set_name("Channel Name")
        call = set_status_and_type(call, "Archived", "Archived")
        envelope = call.description("Description").custom({"key1": "val1", "key2": "val2"}).sync()
        read = pubnub.get_channel_metadata().channel(channel_id).include_custom(True).sync()

    succeeded(envelope.status, PNOperationType.PNSetChannelMetadataOperation)
    same("channel", one_plain(envelope.result), {
        "id": channel_id,
        "name": "Channel Name",
        "description": "Description",
        **status_and_type("Archived", "Archived"),
        "custom": {"key1": "val1", "key2": "val2"},
    })
    same("channel, read afterwards", read.result.data, envelope.result.data)


@example("set_channel_metadata: fields left out (sync)")
def set_channel_partly():
    channel_id = fresh("channel id")

    with client(fresh("admin")) as pubnub:
        call = pubnub.set_channel_metadata().channel(channel_id).set_name("Channel Name").description("Description")
        set_status_and_type(call, "Archived", "Archived").custom({"key1": "val1"}).sync()
        CHANNELS.make(pubnub, channel_id, name="Other Name")
        read = pubnub.get_channel_metadata().channel(channel_id).include_custom(True).sync()

    # Both SDKs send null for all that the caller leaves out of a channel.
    same("channel", one_plain(read.result), CHANNELS.record(channel_id, name="Other Name", custom=None))


@example("remove_channel_metadata (sync)")
def remove_channel():
    channel_id = fresh("channel id")

    with client(fresh("admin")) as pubnub:
        CHANNELS.make(pubnub, channel_id, name="Channel Name")
        envelope = pubnub.remove_channel_metadata().channel(channel_id).sync()
        with refused(404, NOT_FOUND):
            pubnub.get_channel_metadata().channel(channel_id).sync()

    succeeded(envelope.status, PNOperationType.PNRemoveChannelMetadataOperation)
    same("result", (envelope.result.data, envelope.result.status), (None, 200))


@example("iteratively update existing metadata (sync)", when=IS_NEWEST)
def update_iteratively():
    channel_id = fresh("channel")

    def add_to_custom(pubnub, **added):
        """Reads, merges and writes, again from the start when another has written in between."""
        while True:
            read = pubnub.get_channel_metadata().channel(channel_id).include_custom(True).sync().result.data
            yield read
            call = pubnub.set_channel_metadata().channel(channel_id).set_name(read["name"]).include_custom(True)
            try:
                yield call.custom({**read["custom"], **added}).if_matches_etag(read["eTag"]).sync().result.data
                return
            except PubNubException as refusal:
                same("status code", refusal._status_code, 412)

    with client(fresh("admin")) as pubnub, etag_forgotten(pubnub):
        CHANNELS.make(pubnub, channel_id, name="Channel Name", custom={"topic": "tea"})
        ann, bob = add_to_custom(pubnub, ann=1), add_to_custom(pubnub, bob=2)
        next(ann), next(bob)
        same("ann's, first", next(ann)["custom"], {"topic": "tea", "ann": 1})
        same("bob's, read again", next(bob)["custom"], {"topic": "tea", "ann": 1})
        same("bob's, second", next(bob)["custom"], {"topic": "tea", "ann": 1, "bob": 2})


# ------------------------------------------------------------------------------------------ users and channels: the rest


@example_of_each_kind("get_{}_metadata: unknown (sync)")
def get_unknown(kind):
    with client(fresh("asker")) as pubnub, refused(404, NOT_FOUND):
        kind.call(pubnub, "get", fresh("unknown")).sync()


@example_of_each_kind("get_{}_metadata: without status and type (sync)", when=IS_NEWEST)
def get_without_status_and_type(kind):
    record_id = fresh("record")

    with client(fresh("asker")) as pubnub:
        kind.make(pubnub, record_id, name="Some Name", custom={"key1": "val1"})
        envelope = kind.call(pubnub, "get", record_id).include_status(False).include_type(False).sync()

    same("record", one_plain(envelope.result), kind.embedded(record_id, name="Some Name"))


@example_of_each_kind("set_{}_metadata: the same again (sync)")
def set_the_same_again(kind):
    record_id = fresh("record")

    with client(fresh("admin")) as pubnub:
        first = kind.make(pubnub, record_id, name="Some Name", custom={"a": 1, "b": 2})
        again = kind.make(pubnub, record_id, name="Some Name", custom={"b": 2, "a": 1})
        other = kind.make(pubnub, record_id, name="Other Name", custom={"a": 1, "b": 2})

    same("record, set again", again.data, first.data)
    assert other.data["eTag"] != first.data["eTag"], "a change should give a new eTag"
    assert other.data["updated"] > first.data["updated"], "a change should be later"


@example_of_each_kind("set_{}_metadata: custom of each type, replaced whole (sync)")
def set_custom(kind):
    record_id = fresh("record")
    custom = {"text": "ça va ? \U0001f600", "empty": "", "int": 42, "negative": -1.5, "yes": True, "no": False}

    with client(fresh("admin")) as pubnub:
        kind.make(pubnub, record_id, custom=custom)
        first = kind.call(pubnub, "get", record_id).include_custom(True).sync()
        kind.make(pubnub, record_id, custom={"other": 1})
        second = kind.call(pubnub, "get", record_id).include_custom(True).sync()

    same("custom", first.result.data["custom"], custom)
    same("custom, replaced", second.result.data["custom"], {"other": 1})


@example_of_each_kind("set_{}_metadata: nested custom is refused (sync)")
def set_nested_custom(kind):
    record_id = fresh("record")

    with client(fresh("admin")) as pubnub:
        with refused(400, INVALID_INPUT):
            kind.make(pubnub, record_id, custom={"address": {"city": "Oslo"}})
        with refused(404, NOT_FOUND):
            kind.call(pubnub, "get", record_id).sync()


@example_of_each_kind("set_{}_metadata: if_matches_etag (sync)", when=IS_NEWEST)
def set_if_matches_etag(kind):
    record_id, other_id = fresh("record"), fresh("other")

    with client(fresh("admin")) as pubnub, etag_forgotten(pubnub):
        read = kind.make(pubnub, record_id, name="Some Name").data
        changed = kind.call(pubnub, "set", record_id).set_name("Second").if_matches_etag(read["eTag"]).sync()
        same("changed", one_plain(changed.result), kind.record(record_id, name="Second"))

        with refused(412, kind.modified):
            kind.call(pubnub, "set", record_id).set_name("Third").if_matches_etag(read["eTag"]).sync()
        # Also when nothing would change, and when there is nothing to change.
        with refused(412, kind.modified):
            kind.call(pubnub, "set", record_id).set_name("Second").if_matches_etag(read["eTag"]).sync()
        with refused(412, kind.modified):
            kind.call(pubnub, "set", other_id).set_name("Third").if_matches_etag(read["eTag"]).sync()

        # This SDK now sends the outdated eTag with every call. Those that are not conditional must not mind.
        same("kept", kind.call(pubnub, "get", record_id).sync().result.data, changed.result.data)
        listed = kind.get_all(pubnub).filter(f"id == '{record_id}'").sync()
        same("listed", listed.result.data, [changed.result.data])
        pubnub.set_memberships().uuid(record_id).channel_memberships([PNChannelMembership.channel("room")]).sync()
        pubnub.set_channel_members().channel(record_id).uuids([PNUUID.uuid("ann")]).sync()


@example_of_each_kind("remove_{}_metadata: what is not there (sync)")
def remove_unknown(kind):
    with client(fresh("admin")) as pubnub:
        result = kind.call(pubnub, "remove", fresh("unknown")).sync().result
    same("result", (result.data, result.status), (None, 200))


@example_of_each_kind("get_all_{}_metadata: filter and count (sync)")
def get_all_filtered(kind):
    prefix = fresh("r")
    ann, bob, cho, dan = (f"{prefix}-{name}" for name in ("ann", "bob", "cho", "dan"))

    with client(fresh("asker")) as pubnub:
        kind.make(pubnub, ann, name="Ann Lee", custom={"team": "red", "age": 30})
        kind.make(pubnub, bob, name="Bob's \"%\" & +", custom={"team": "blue", "age": 20})
        kind.make(pubnub, cho, custom={"team": "red", "age": 7})
        kind.make(pubnub, dan, name="Dan Lee")

        def found(expression):
            call = kind.get_all(pubnub).filter(f"id LIKE '{prefix}-*' && ({expression})").include_total_count(True)
            envelope = call.sync()
            succeeded(envelope.status, kind.get_all_operation)
            same("total_count", envelope.result.total_count, len(envelope.result.data))
            return [record["id"] for record in envelope.result.data]

        same("equal", found("name == 'Ann Lee'"), [ann])
        same("escaped", found("name == 'Bob\\'s \"%\" & +'"), [bob])
        same("pattern", found("name LIKE '* Lee'"), [ann, dan])
        same("unset", found("name == null"), [cho])
        same("negated", found("!(name LIKE '* Lee')"), [bob])
        same("or", found(f"id == '{dan}' || name < 'B'"), [ann, dan])
        same("custom text", found("custom.team == 'red'"), [ann, cho])
        same("custom number", found("custom.age >= 20"), [ann, bob])
        same("time", found("updated > '2020-01-01T00:00:00Z'"), [ann, bob, cho, dan])
        same("none", found("name == 'nobody'"), [])


@example_of_each_kind("get_all_{}_metadata: filter by letters beyond ASCII (sync)")
def get_all_filtered_beyond_ascii(kind):
    record_id, name = fresh("record"), fresh("Zoë \U0001f600")

    with client(fresh("asker")) as pubnub:
        kind.make(pubnub, record_id, name=name)
        result = kind.get_all(pubnub).filter(f"name == '{name}'").sync().result

    same("records", all_plain(result), [kind.record(record_id, name=name)])


@example_of_each_kind("get_all_{}_metadata: whole records by filter (sync)")
def get_all_records(kind):
    prefix = fresh("r")
    ann, bob = f"{prefix}-ann", f"{prefix}-bob"

    with client(fresh("asker")) as pubnub:
        kind.make(pubnub, ann, name="Ann", custom={"age": 30})
        kind.make(pubnub, bob)
        with_custom = kind.get_all(pubnub).filter(f"id LIKE '{prefix}*'").include_custom(True).sync().result
        without = kind.get_all(pubnub).filter(f"id LIKE '{prefix}*'").sync().result

    same("with custom", all_plain(with_custom), [
        kind.record(ann, name="Ann", custom={"age": 30}), kind.record(bob, custom=None),
    ])
    same("without", all_plain(without), [kind.record(ann, name="Ann"), kind.record(bob)])
    no_more_pages(without)


@example_of_each_kind("get_all_{}_metadata: a filter that cannot be read (sync)")
def get_all_refused(kind):
    with client(fresh("asker")) as pubnub:
        for expression in ("name = 'Ann'", "name == 'Ann", "nothing == 'Ann'", "name == 5"):
            with refused(400, INVALID_INPUT):
                kind.get_all(pubnub).filter(expression).sync()


@example_of_each_kind("get_all_{}_metadata: sort (sync)")
def get_all_sorted(kind):
    prefix = fresh("r")
    first, second, third, fourth = (f"{prefix}-{number}" for number in range(1, 5))

    with client(fresh("asker")) as pubnub:
        kind.make(pubnub, first, name="Bob")
        kind.make(pubnub, second, name="ann")
        kind.make(pubnub, third, name="Bob")
        kind.make(pubnub, fourth)

        def ordered(*keys):
            result = kind.get_all(pubnub).filter(f"id LIKE '{prefix}-*'").sort(*keys).sync().result
            return [record["id"] for record in result.data]

        asc, desc, key = PNSortKey.asc, PNSortKey.desc, PNSortKeyValue
        same("id", ordered(asc(key.ID)), [first, second, third, fourth])
        same("id, descending", ordered(desc(key.ID)), [fourth, third, second, first])
        same("name", ordered(asc(key.NAME)), [second, first, third, fourth])
        same("name, descending", ordered(desc(key.NAME)), [fourth, first, third, second])
        same("name, updated", ordered(asc(key.NAME), desc(key.UPDATED)), [second, third, first, fourth])
        same("updated", ordered(desc(key.UPDATED)), [fourth, third, second, first])


@example_of_each_kind("get_all_{}_metadata: pages (sync)")
def get_all_pages(kind):
    prefix = fresh("r")
    ids = [f"{prefix}-{number}" for number in range(1, 6)]

    with client(fresh("asker")) as pubnub:
        for record_id in ids:
            kind.make(pubnub, record_id)

        def page(of=None):
            call = kind.get_all(pubnub).filter(f"id LIKE '{prefix}-*'").include_total_count(True).limit(2).page(of)
            result = call.sync().result
            same("total_count", result.total_count, 5)
            return [record["id"] for record in result.data], result.next, result.prev

        in_pages(page, ids)


def in_pages(page, ids):
    """Walks through a list of five, two at a time, to its end and back."""
    first, next_of_first, prev = page()
    same("first page", (first, type(next_of_first), prev), (ids[:2], Next, None))
    second, next_of_second, prev_of_second = page(next_of_first)
    same("second page", (second, type(next_of_second), type(prev_of_second)), (ids[2:4], Next, Previous))
    third, next_of_third, prev_of_third = page(next_of_second)
    same("last page", (third, type(next_of_third), type(prev_of_third)), (ids[4:], Next, Previous))
    beyond, next_of_beyond, _ = page(next_of_third)
    same("past the end", (beyond, next_of_beyond), ([], None))
    same("back to the second page", page(prev_of_third)[0], ids[2:4])
    same("back to the first page", page(prev_of_second)[0], ids[:2])


# ---------------------------------------------------------------------------------------------------- memberships of a user


def two_channels(pubnub):
    """The two channels that the document's examples have, with a name, and one with `custom` too."""
    some_channel, some_channel_with_custom = fresh("somechannel"), fresh("somechannel_with_custom")
    pubnub.set_channel_metadata().channel(some_channel).set_name("some name").sync()
    custom_1 = {"key3": "val1", "key4": "val2"}
    call = pubnub.set_channel_metadata().channel(some_channel_with_custom).set_name("some name with custom")
    call.custom(custom_1).sync()
    return some_channel, some_channel_with_custom, custom_1


def expected_membership(channel_id, name, custom=None, channel_custom=None):
    return {"channel": CHANNELS.embedded(channel_id, name=name, custom=channel_custom), "custom": custom}


@example_in_each_form("set_memberships: {} (sync)")
def set_memberships(form):
    user_id = fresh("some_uuid")

    with client(fresh("admin")) as pubnub:
        some_channel, some_channel_with_custom, custom_1 = two_channels(pubnub)
        call = pubnub.set_memberships().uuid(user_id).channel_memberships([
            PNChannelMembership.channel(some_channel),
            PNChannelMembership.channel_with_custom(some_channel_with_custom, {"key5": "val5"}),
        ])
        envelope = form.with_channel(call).sync()

    succeeded(envelope.status, PNOperationType.PNSetMembershipsOperation)
    same("memberships", all_plain(envelope.result), [
        expected_membership(some_channel, "some name"),
        expected_membership(some_channel_with_custom, "some name with custom", {"key5": "val5"}, custom_1),
    ])
    no_more_pages(envelope.result)


@example_in_each_form("get_memberships: {} (sync)")
def get_memberships(form):
    user_id = fresh("Some UUID")

    with client(fresh("asker")) as pubnub:
        some_channel, some_channel_with_custom, custom_1 = two_channels(pubnub)
        pubnub.set_memberships().uuid(user_id).channel_memberships([
            PNChannelMembership.channel_with_custom(some_channel, {"role": "host"}),
            PNChannelMembership.channel(some_channel_with_custom),
        ]).sync()
        envelope = form.with_channel(pubnub.get_memberships()).uuid(user_id).sync()

    succeeded(envelope.status, PNOperationType.PNGetMembershipsOperation)
    same("memberships", all_plain(envelope.result), [
        expected_membership(some_channel, "some name", {"role": "host"}),
        expected_membership(some_channel_with_custom, "some name with custom", None, custom_1),
    ])
    no_more_pages(envelope.result)


@example_in_each_form("remove_memberships: {} (sync)")
def remove_memberships(form):
    user_id = fresh("some_uuid")

    with client(fresh("admin")) as pubnub:
        some_channel, some_channel_with_custom, custom_1 = two_channels(pubnub)
        pubnub.set_memberships().uuid(user_id).channel_memberships([
            PNChannelMembership.channel(some_channel), PNChannelMembership.channel(some_channel_with_custom),
        ]).sync()
        call = pubnub.remove_memberships().uuid(user_id)
        call.channel_memberships([PNChannelMembership.channel(some_channel)])
        envelope = form.with_channel(call).sync()

    succeeded(envelope.status, PNOperationType.PNRemoveMembershipsOperation)
    same("memberships", all_plain(envelope.result), [
        expected_membership(some_channel_with_custom, "some name with custom", None, custom_1),
    ])


@example_in_each_form("manage_memberships: {} (sync)")
def manage_memberships(form):
    user_id = fresh("some_uuid")

    with client(fresh("admin")) as pubnub:
        some_channel, some_channel_with_custom, _ = two_channels(pubnub)
        call = pubnub.set_memberships().uuid(user_id)
        call.channel_memberships([PNChannelMembership.channel(some_channel_with_custom)]).sync()
        call = pubnub.manage_memberships().uuid(user_id)
        call.set([PNChannelMembership.channel(some_channel)])
        call.remove([PNChannelMembership.channel(some_channel_with_custom)])
        envelope = form.with_channel(call).sync()

    succeeded(envelope.status, PNOperationType.PNManageMembershipsOperation)
    same("memberships", all_plain(envelope.result), [expected_membership(some_channel, "some name")])


@example("get_memberships: own, ids alone (sync)")
def get_own_memberships():
    channel_id = fresh("somechannel")

    with client(fresh("ann")) as pubnub:
        CHANNELS.make(pubnub, channel_id, name="some name")
        pubnub.set_memberships().channel_memberships([
            PNChannelMembership.channel_with_custom(channel_id, {"role": "host"}),
        ]).sync()
        result = pubnub.get_memberships().sync().result
        left = pubnub.remove_memberships().channel_memberships([PNChannelMembership.channel(channel_id)]).sync().result

    same("memberships", all_plain(result), [{"channel": {"id": channel_id}}])
    same("memberships, removed", left.data, [])


@example("get_memberships: channel without its custom (sync)")
def get_memberships_with_channel():
    user_id = fresh("some_uuid")

    with client(fresh("asker")) as pubnub:
        _, channel_id, _ = two_channels(pubnub)
        pubnub.set_memberships().uuid(user_id).channel_memberships([PNChannelMembership.channel(channel_id)]).sync()
        result = pubnub.get_memberships().uuid(user_id).include_channel(ChannelIncludeEndpoint.CHANNEL).sync().result

    same("memberships", all_plain(result), [
        {"channel": CHANNELS.embedded(channel_id, name="some name with custom")},
    ])


# --------------------------------------------------------------------------------------------------- members of a channel


def two_users(pubnub):
    some_uuid, some_uuid_with_custom = fresh("some_uuid"), fresh("some_uuid_with_custom")
    pubnub.set_uuid_metadata().uuid(some_uuid).set_name("some name").sync()
    custom_1 = {"key3": "val1", "key4": "val2"}
    call = pubnub.set_uuid_metadata().uuid(some_uuid_with_custom).set_name("some name with custom")
    call.custom(custom_1).sync()
    return some_uuid, some_uuid_with_custom, custom_1


def expected_member(user_id, name, custom=None, user_custom=None):
    return {"uuid": USERS.embedded(user_id, name=name, custom=user_custom), "custom": custom}


@example_in_each_form("set_channel_members: {} (sync)")
def set_channel_members(form):
    channel_id = fresh("channel id")

    with client(fresh("admin")) as pubnub:
        some_uuid, some_uuid_with_custom, custom_1 = two_users(pubnub)
        call = pubnub.set_channel_members().channel(channel_id).uuids([
            PNUUID.uuid(some_uuid),
            PNUUID.uuid_with_custom(some_uuid_with_custom, {"key5": "val5"}),
        ])
        envelope = form.with_user(call).sync()

    succeeded(envelope.status, PNOperationType.PNSetChannelMembersOperation)
    same("members", all_plain(envelope.result), [
        expected_member(some_uuid, "some name"),
        expected_member(some_uuid_with_custom, "some name with custom", {"key5": "val5"}, custom_1),
    ])
    no_more_pages(envelope.result)


@example_in_each_form("get_channel_members: {} (sync)")
def get_channel_members(form):
    channel_id = fresh("channel")

    with client(fresh("asker")) as pubnub:
        some_uuid, some_uuid_with_custom, custom_1 = two_users(pubnub)
        pubnub.set_channel_members().channel(channel_id).uuids([
            PNUUID.uuid_with_custom(some_uuid, {"role": "host"}), PNUUID.uuid(some_uuid_with_custom),
        ]).sync()
        envelope = form.with_user(pubnub.get_channel_members().channel(channel_id)).sync()

    succeeded(envelope.status, PNOperationType.PNGetChannelMembersOperation)
    same("members", all_plain(envelope.result), [
        expected_member(some_uuid, "some name", {"role": "host"}),
        expected_member(some_uuid_with_custom, "some name with custom", None, custom_1),
    ])
    no_more_pages(envelope.result)


@example_in_each_form("remove_channel_members: {} (sync)")
def remove_channel_members(form):
    channel_id = fresh("channel id")

    with client(fresh("admin")) as pubnub:
        some_uuid, some_uuid_with_custom, custom_1 = two_users(pubnub)
        call = pubnub.set_channel_members().channel(channel_id)
        call.uuids([PNUUID.uuid(some_uuid), PNUUID.uuid(some_uuid_with_custom)]).sync()
        call = pubnub.remove_channel_members().channel(channel_id).uuids([PNUUID.uuid(some_uuid)])
        envelope = form.with_user(call).sync()

    succeeded(envelope.status, PNOperationType.PNRemoveChannelMembersOperation)
    same("members", all_plain(envelope.result), [
        expected_member(some_uuid_with_custom, "some name with custom", None, custom_1),
    ])


@example_in_each_form("manage_channel_members: {} (sync)")
def manage_channel_members(form):
    channel_id = fresh("channel id")

    with client(fresh("admin")) as pubnub:
        some_uuid, some_uuid_with_custom, _ = two_users(pubnub)
        pubnub.set_channel_members().channel(channel_id).uuids([PNUUID.uuid(some_uuid_with_custom)]).sync()
        call = pubnub.manage_channel_members().channel(channel_id)
        call.set([PNUUID.uuid(some_uuid)]).remove([PNUUID.uuid(some_uuid_with_custom)])
        envelope = form.with_user(call).sync()

    succeeded(envelope.status, PNOperationType.PNManageChannelMembersOperation)
    same("members", all_plain(envelope.result), [expected_member(some_uuid, "some name")])


@example("get_channel_members: user without its custom (sync)")
def get_members_with_user():
    channel_id = fresh("channel")

    with client(fresh("asker")) as pubnub:
        _, user_id, _ = two_users(pubnub)
        pubnub.set_channel_members().channel(channel_id).uuids([PNUUID.uuid(user_id)]).sync()
        call = pubnub.get_channel_members().channel(channel_id).include_uuid(UUIDIncludeEndpoint.UUID)
        result = call.sync().result

    same("members", all_plain(result), [{"uuid": USERS.embedded(user_id, name="some name with custom")}])


# ------------------------------------------------------------------------------------------------ both sides: the rest


@example_of_each_side("get_{}: none (sync)")
def get_none(side):
    with client(fresh("asker")) as pubnub:
        result = side.call(pubnub, "get", fresh("unknown")).include_total_count(True).sync().result
    same("result", (result.status, result.data, result.total_count, result.next, result.prev), (200, [], 0, None, None))


@example_of_each_side("set_{}: custom, status and type (sync)", when=IS_NEWEST)
def set_status_and_type_of_memberships(side):
    owner_id, plain_id, full_id = fresh("owner"), fresh("a"), fresh("b")

    with client(fresh("admin")) as pubnub:
        call = side.other.call(pubnub, "set", full_id).set_name("B").set_status("open").set_type("kind")
        call.custom({"own": True}).sync()
        entry = side.entry(full_id, custom={"role": "host"}, status="active", type="member")
        call = side.set(pubnub, owner_id, side.entry(plain_id), entry).include(side.all_included())
        result = call.sync().result

    same("total_count", result.total_count, 2)
    same("memberships", all_plain(result), [
        {side.other.name: {"id": plain_id}, "status": None, "type": None, "custom": None},
        {
            side.other.name: side.other.embedded(full_id, name="B", status="open", type="kind", custom={"own": True}),
            "status": "active",
            "type": "member",
            "custom": {"role": "host"},
        },
    ])


@example_of_each_side("get_{}: an empty include object (sync)", when=IS_NEWEST)
def get_with_empty_include(side):
    owner_id, other_id = fresh("owner"), fresh("other")
    includes = side.all_included()
    for name in vars(includes):
        setattr(includes, name, False)

    with client(fresh("admin")) as pubnub:
        side.set(pubnub, owner_id, side.entry(other_id, custom={"role": "host"}, status="active")).sync()
        result = side.call(pubnub, "get", owner_id).include(includes).sync().result

    same("memberships", all_plain(result), [{side.other.name: {"id": other_id}}])


@example_of_each_side("set_{}: the same again, custom replaced whole (sync)")
def set_memberships_again(side):
    owner_id, other_id = fresh("owner"), fresh("other")

    with client(fresh("admin")) as pubnub:

        def set_to(custom):
            entry = side.entry_with_custom(other_id, custom)
            return side.set(pubnub, owner_id, entry).include_custom(True).sync().result.data[0]

        first = set_to({"a": 1, "b": "x"})
        same("membership, set again", set_to({"b": "x", "a": 1}), first)
        changed = set_to({"c": False})
        # An entry without custom leaves it as it is.
        kept = side.set(pubnub, owner_id, side.plain_entry(other_id)).include_custom(True).sync().result.data[0]

    same("membership, changed", plain(changed), {side.other.name: {"id": other_id}, "custom": {"c": False}})
    assert changed["eTag"] != first["eTag"], "a change should give a new eTag"
    assert changed["updated"] > first["updated"], "a change should be later"
    same("membership, kept", kept, changed)


@example_of_each_side("set_{}: seen from the other side (sync)")
def seen_from_the_other_side(side):
    owner_id, other_id = fresh("owner"), fresh("other")

    with client(fresh("admin")) as pubnub:
        side.set(pubnub, owner_id, side.entry_with_custom(other_id, {"role": "host"})).sync()
        opposite = MEMBERS if side is MEMBERSHIPS else MEMBERSHIPS
        result = opposite.call(pubnub, "get", other_id).include_custom(True).sync().result

    same("memberships", all_plain(result), [{side.owner.name: {"id": owner_id}, "custom": {"role": "host"}}])


@example_of_each_side("remove_{}: what is not there (sync)")
def remove_what_is_not_there(side):
    owner_id, other_id = fresh("owner"), fresh("other")

    with client(fresh("admin")) as pubnub:
        side.set(pubnub, owner_id, side.plain_entry(other_id)).sync()
        result = side.remove(pubnub, owner_id, fresh("unknown")).sync().result

    same("memberships", all_plain(result), [{side.other.name: {"id": other_id}}])


@example_of_each_side("get_{}: they outlive the metadata (sync)")
def memberships_outlive_metadata(side):
    owner_id, other_id = fresh("owner"), fresh("other")

    with client(fresh("admin")) as pubnub:
        side.other.make(pubnub, other_id, name="Other", custom={"a": 1})
        side.set(pubnub, owner_id, side.plain_entry(other_id)).sync()
        side.other.call(pubnub, "remove", other_id).sync()
        call = side.call(pubnub, "get", owner_id)
        if side.other is CHANNELS:
            call.include_channel(ChannelIncludeEndpoint.CHANNEL_WITH_CUSTOM)
        else:
            call.include_uuid(UUIDIncludeEndpoint.UUID_WITH_CUSTOM)
        result = call.sync().result

    same("memberships", all_plain(result), [{side.other.name: {"id": other_id}}])


@example_of_each_side("get_{}: filter, sort and count (sync)")
def get_memberships_filtered(side):
    owner_id, prefix = fresh("owner"), fresh("m")
    ann, bob, cho = (f"{prefix}-{name}" for name in ("ann", "bob", "cho"))
    other = side.other.name

    with client(fresh("asker")) as pubnub:
        side.other.make(pubnub, ann, name="Zoe")
        side.other.make(pubnub, bob, name="Yan")
        for other_id, custom in ((cho, {"role": "host"}), (ann, {"role": "guest"}), (bob, {"role": "guest"})):
            side.set(pubnub, owner_id, side.entry_with_custom(other_id, custom)).sync()

        def found(expression=None, *keys):
            call = side.call(pubnub, "get", owner_id).include_total_count(True)
            if expression is not None:
                call.filter(expression)
            result = call.sort(*keys).sync().result
            same("total_count", result.total_count, len(result.data))
            return side.ids(result.data)

        asc, desc, key = PNSortKey.asc, PNSortKey.desc, PNSortKeyValue
        same("all", found(), [ann, bob, cho])
        same("by name", found(f"{other}.name == 'Zoe'"), [ann])
        same("by id", found(f"!({other}.id LIKE '*-ann') && ({other}.id LIKE '{prefix}*')"), [bob, cho])
        same("by custom", found("custom.role == 'guest'"), [ann, bob])
        same("by time", found("updated < '2020-01-01T00:00:00Z'"), [])
        same("id, descending", found(None, desc(key.ID)), [cho, bob, ann])
        same("name", found(None, asc(key.NAME)), [bob, ann, cho])
        same("updated", found(None, asc(key.UPDATED)), [cho, ann, bob])
        with refused(400, INVALID_INPUT):
            found("nothing == 'x'")


@example_of_each_side("get_{}: pages (sync)")
def get_memberships_pages(side):
    owner_id = fresh("owner")
    ids = [fresh(str(number)) for number in range(1, 6)]

    with client(fresh("asker")) as pubnub:
        side.set(pubnub, owner_id, *[side.plain_entry(other_id) for other_id in ids]).sync()

        def page(of=None):
            result = side.call(pubnub, "get", owner_id).limit(2).include_total_count(True).page(of).sync().result
            same("total_count", result.total_count, 5)
            return side.ids(result.data), result.next, result.prev

        in_pages(page, ids)


@example_of_each_side("manage_{}: a page of the list as answer (sync)")
def manage_answers_a_page(side):
    owner_id = fresh("owner")
    ids = [fresh(str(number)) for number in range(1, 6)]
    entries = [side.plain_entry(other_id) for other_id in ids]

    with client(fresh("admin")) as pubnub:
        side.set(pubnub, owner_id, *entries[:3]).sync()
        call = side.call(pubnub, "manage", owner_id).set(entries[3:]).remove(entries[:1])
        call.filter(f"{side.other.name}.id != '{ids[1]}'").sort(PNSortKey.desc(PNSortKeyValue.ID))
        result = call.limit(2).include_total_count(True).sync().result
        whole = side.call(pubnub, "get", owner_id).sync().result

    same("total_count", result.total_count, 3)
    same("page", side.ids(result.data), [ids[4], ids[3]])
    same("prev", result.prev, None)
    same("whole list", side.ids(whole.data), ids[1:])
