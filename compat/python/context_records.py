"""Users and channels: every example of the App Context document that ends in `.sync()`, and what its tables add.

Each runs twice: so, and awaited as `.future()` of the asyncio client.
"""

from pubnub.enums import PNOperationType
from pubnub.exceptions import PubNubException
from pubnub.models.consumer.objects_v2.channel_members import PNUUID
from pubnub.models.consumer.objects_v2.memberships import PNChannelMembership
from pubnub.models.consumer.objects_v2.page import Next
from pubnub.models.consumer.objects_v2.sort import PNSortKey, PNSortKeyValue

from clients import ASYNCIO, SYNC, ask
from context import (
    CHANNELS,
    INVALID_INPUT,
    NOT_FOUND,
    USERS,
    all_plain,
    etag_forgotten,
    example_in,
    example_of_each_kind,
    in_pages,
    no_more_pages,
    one_plain,
    plain,
    refused,
    set_status_and_type,
    status_and_type,
)
from harness import IS_NEWEST, fresh, same, succeeded

STYLES = (SYNC, ASYNCIO)

# ---------------------------------------------------------------------------------------------------------------- users


@example_in("get_all_uuid_metadata", *STYLES)
def get_all_users(client):
    # Sorts before every other user, so that it is on the first page whatever else the server holds.
    user_id = f"0{fresh('some_uuid')}"

    with client(fresh("asker")) as pubnub:
        USERS.make(pubnub, user_id, custom={"key1": "val1"})
        call = pubnub.get_all_uuid_metadata().include_custom(True).limit(10).include_total_count(True)
        call.sort(PNSortKey.asc(PNSortKeyValue.ID), PNSortKey.desc(PNSortKeyValue.UPDATED)).page(None)
        envelope = ask(call)
        ask(pubnub.remove_uuid_metadata().uuid(user_id))

    succeeded(envelope.status, PNOperationType.PNGetAllUuidMetadataOperation)
    result = envelope.result
    same("records", len(result.data), min(10, result.total_count))
    same("the user", [plain(user) for user in result.data if user["id"] == user_id], [
        USERS.record(user_id, custom={"key1": "val1"}),
    ])
    same("next", type(result.next), Next)
    same("prev", result.prev, None)


@example_in("get_uuid_metadata", *STYLES)
def get_user(client):
    user_id = fresh("ann")

    with client(user_id) as pubnub:
        ask(pubnub.set_uuid_metadata().set_name("Ann").custom({"key1": "val1"}))
        envelope = ask(pubnub.get_uuid_metadata().include_custom(True))

    succeeded(envelope.status, PNOperationType.PNGetUuidMetadataOperation)
    same("user", one_plain(envelope.result), USERS.record(user_id, name="Ann", custom={"key1": "val1"}))


@example_in("get_uuid_metadata: another user, custom unset", *STYLES)
def get_other_user(client):
    user_id = fresh("some_uuid")

    with client(fresh("asker")) as pubnub:
        ask(pubnub.set_uuid_metadata().uuid(user_id).email("test@example.com"))
        envelope = ask(pubnub.get_uuid_metadata().uuid(user_id).include_custom(True))

    same("user", one_plain(envelope.result), USERS.record(user_id, email="test@example.com", custom=None))


@example_in("set_uuid_metadata", *STYLES)
def set_user(client):
    user_id = fresh("some_uuid")

    with client(fresh("admin")) as pubnub:
        call = pubnub.set_uuid_metadata().include_custom(True).uuid(user_id).set_name("Some Name")
        call = set_status_and_type(call, "Active", "User")
        call.email("test@example.com").profile_url("http://example.com").external_id("1234567890")
        envelope = ask(call.custom({"key1": "val1", "key2": "val2"}))
        read = ask(pubnub.get_uuid_metadata().uuid(user_id).include_custom(True))

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


@example_in("set_uuid_metadata: fields left out", *STYLES)
def set_user_partly(client):
    user_id = fresh("some_uuid")

    with client(fresh("admin")) as pubnub:
        call = pubnub.set_uuid_metadata().uuid(user_id).set_name("Some Name").email("test@example.com")
        ask(set_status_and_type(call, "Active", "User").custom({"key1": "val1"}))
        ask(pubnub.set_uuid_metadata().uuid(user_id).set_name("Other Name"))
        read = ask(pubnub.get_uuid_metadata().uuid(user_id).include_custom(True))

    # The SDKs send null for text that the caller leaves out. The newest one does not send the rest at all.
    same("user", one_plain(read.result), USERS.record(
        user_id,
        name="Other Name",
        **status_and_type("Active", "User"),
        custom={"key1": "val1"} if IS_NEWEST else None,
    ))


@example_in("remove_uuid_metadata", *STYLES)
def remove_user(client):
    user_id = fresh("some_uuid")

    with client(fresh("admin")) as pubnub:
        USERS.make(pubnub, user_id, name="Some Name")
        envelope = ask(pubnub.remove_uuid_metadata().uuid(user_id))
        with refused(404, NOT_FOUND):
            ask(pubnub.get_uuid_metadata().uuid(user_id))

    succeeded(envelope.status, PNOperationType.PNRemoveUuidMetadataOperation)
    same("result", (envelope.result.data, envelope.result.status), (None, 200))


@example_in("remove_uuid_metadata: own user", *STYLES)
def remove_own_user(client):
    with client(fresh("ann")) as pubnub:
        ask(pubnub.set_uuid_metadata().set_name("Ann"))
        ask(pubnub.remove_uuid_metadata())
        with refused(404, NOT_FOUND):
            ask(pubnub.get_uuid_metadata())


# ------------------------------------------------------------------------------------------------------------- channels


@example_in("get_all_channel_metadata", *STYLES)
def get_all_channels(client):
    channel_id = f"0{fresh('channel')}"

    with client(fresh("asker")) as pubnub:
        CHANNELS.make(pubnub, channel_id, custom={"key1": "val1"})
        call = pubnub.get_all_channel_metadata().include_custom(True).limit(10).include_total_count(True)
        call.sort(PNSortKey.asc(PNSortKeyValue.ID), PNSortKey.desc(PNSortKeyValue.UPDATED)).page(None)
        envelope = ask(call)
        ask(pubnub.remove_channel_metadata().channel(channel_id))

    succeeded(envelope.status, PNOperationType.PNGetAllChannelMetadataOperation)
    result = envelope.result
    same("records", len(result.data), min(10, result.total_count))
    same("the channel", [plain(channel) for channel in result.data if channel["id"] == channel_id], [
        CHANNELS.record(channel_id, custom={"key1": "val1"}),
    ])
    same("next", type(result.next), Next)
    same("prev", result.prev, None)


@example_in("get_channel_metadata", *STYLES)
def get_channel(client):
    channel_id = fresh("channel")

    with client(fresh("asker")) as pubnub:
        CHANNELS.make(pubnub, channel_id, name="Channel Name", custom={"key1": "val1"})
        envelope = ask(pubnub.get_channel_metadata().include_custom(True).channel(channel_id))

    succeeded(envelope.status, PNOperationType.PNGetChannelMetadataOperation)
    same("channel", one_plain(envelope.result), CHANNELS.record(
        channel_id, name="Channel Name", custom={"key1": "val1"},
    ))


@example_in("set_channel_metadata", *STYLES)
def set_channel(client):
    channel_id = fresh("channel_id")

    with client(fresh("admin")) as pubnub:
        call = pubnub.set_channel_metadata().include_custom(True).channel(channel_id).set_name("Channel Name")
        call = set_status_and_type(call, "Archived", "Archived")
        envelope = ask(call.description("Description").custom({"key1": "val1", "key2": "val2"}))
        read = ask(pubnub.get_channel_metadata().channel(channel_id).include_custom(True))

    succeeded(envelope.status, PNOperationType.PNSetChannelMetadataOperation)
    same("channel", one_plain(envelope.result), {
        "id": channel_id,
        "name": "Channel Name",
        "description": "Description",
        **status_and_type("Archived", "Archived"),
        "custom": {"key1": "val1", "key2": "val2"},
    })
    same("channel, read afterwards", read.result.data, envelope.result.data)


@example_in("set_channel_metadata: fields left out", *STYLES)
def set_channel_partly(client):
    channel_id = fresh("channel_id")

    with client(fresh("admin")) as pubnub:
        call = pubnub.set_channel_metadata().channel(channel_id).set_name("Channel Name").description("Description")
        ask(set_status_and_type(call, "Archived", "Archived").custom({"key1": "val1"}))
        CHANNELS.make(pubnub, channel_id, name="Other Name")
        read = ask(pubnub.get_channel_metadata().channel(channel_id).include_custom(True))

    # Both SDKs send null for all that the caller leaves out of a channel.
    same("channel", one_plain(read.result), CHANNELS.record(channel_id, name="Other Name", custom=None))


@example_in("remove_channel_metadata", *STYLES)
def remove_channel(client):
    channel_id = fresh("channel_id")

    with client(fresh("admin")) as pubnub:
        CHANNELS.make(pubnub, channel_id, name="Channel Name")
        envelope = ask(pubnub.remove_channel_metadata().channel(channel_id))
        with refused(404, NOT_FOUND):
            ask(pubnub.get_channel_metadata().channel(channel_id))

    succeeded(envelope.status, PNOperationType.PNRemoveChannelMetadataOperation)
    same("result", (envelope.result.data, envelope.result.status), (None, 200))


@example_in("iteratively update existing metadata", *STYLES, when=IS_NEWEST)
def update_iteratively(client):
    channel_id = fresh("channel")

    def add_to_custom(pubnub, **added):
        """Reads, merges and writes, again from the start when another has written in between."""
        while True:
            read = ask(pubnub.get_channel_metadata().channel(channel_id).include_custom(True)).result.data
            yield read
            call = pubnub.set_channel_metadata().channel(channel_id).set_name(read["name"]).include_custom(True)
            try:
                yield ask(call.custom({**read["custom"], **added}).if_matches_etag(read["eTag"])).result.data
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


@example_of_each_kind("get_{}_metadata: unknown", *STYLES)
def get_unknown(kind, client):
    with client(fresh("asker")) as pubnub, refused(404, NOT_FOUND):
        ask(kind.call(pubnub, "get", fresh("unknown")))


@example_of_each_kind("set_{}_metadata: an id with a space", *STYLES)
def set_with_a_space(kind, client):
    record_id = fresh("some record")

    with client(fresh("admin")) as pubnub:
        result = ask(kind.call(pubnub, "set", record_id).set_name("Some Name")).result

    same("record", one_plain(result), kind.record(record_id, name="Some Name"))


@example_of_each_kind("get_{}_metadata: without status and type", *STYLES, when=IS_NEWEST)
def get_without_status_and_type(kind, client):
    record_id = fresh("record")

    with client(fresh("asker")) as pubnub:
        kind.make(pubnub, record_id, name="Some Name", custom={"key1": "val1"})
        envelope = ask(kind.call(pubnub, "get", record_id).include_status(False).include_type(False))

    same("record", one_plain(envelope.result), kind.embedded(record_id, name="Some Name"))


@example_of_each_kind("set_{}_metadata: the same again", *STYLES)
def set_the_same_again(kind, client):
    record_id = fresh("record")

    with client(fresh("admin")) as pubnub:
        first = kind.make(pubnub, record_id, name="Some Name", custom={"a": 1, "b": 2})
        again = kind.make(pubnub, record_id, name="Some Name", custom={"b": 2, "a": 1})
        other = kind.make(pubnub, record_id, name="Other Name", custom={"a": 1, "b": 2})

    same("record, set again", again.data, first.data)
    assert other.data["eTag"] != first.data["eTag"], "a change should give a new eTag"
    assert other.data["updated"] > first.data["updated"], "a change should be later"


@example_of_each_kind("set_{}_metadata: custom of each type, replaced whole", *STYLES)
def set_custom(kind, client):
    record_id = fresh("record")
    custom = {"text": "ça va ? \U0001f600", "empty": "", "int": 42, "negative": -1.5, "yes": True, "no": False}

    with client(fresh("admin")) as pubnub:
        kind.make(pubnub, record_id, custom=custom)
        first = ask(kind.call(pubnub, "get", record_id).include_custom(True))
        kind.make(pubnub, record_id, custom={"other": 1})
        second = ask(kind.call(pubnub, "get", record_id).include_custom(True))

    same("custom", first.result.data["custom"], custom)
    same("custom, replaced", second.result.data["custom"], {"other": 1})


@example_of_each_kind("set_{}_metadata: nested custom is refused", *STYLES)
def set_nested_custom(kind, client):
    record_id = fresh("record")

    with client(fresh("admin")) as pubnub:
        with refused(400, INVALID_INPUT):
            kind.make(pubnub, record_id, custom={"address": {"city": "Oslo"}})
        with refused(404, NOT_FOUND):
            ask(kind.call(pubnub, "get", record_id))


@example_of_each_kind("set_{}_metadata: if_matches_etag", *STYLES, when=IS_NEWEST)
def set_if_matches_etag(kind, client):
    record_id, other_id = fresh("record"), fresh("other")

    with client(fresh("admin")) as pubnub, etag_forgotten(pubnub):
        read = kind.make(pubnub, record_id, name="Some Name").data
        changed = ask(kind.call(pubnub, "set", record_id).set_name("Second").if_matches_etag(read["eTag"]))
        same("changed", one_plain(changed.result), kind.record(record_id, name="Second"))

        with refused(412, kind.modified):
            ask(kind.call(pubnub, "set", record_id).set_name("Third").if_matches_etag(read["eTag"]))
        # Also when nothing would change, and when there is nothing to change.
        with refused(412, kind.modified):
            ask(kind.call(pubnub, "set", record_id).set_name("Second").if_matches_etag(read["eTag"]))
        with refused(412, kind.modified):
            ask(kind.call(pubnub, "set", other_id).set_name("Third").if_matches_etag(read["eTag"]))

        # This SDK now sends the outdated eTag with every call. Those that are not conditional must not mind.
        same("kept", ask(kind.call(pubnub, "get", record_id)).result.data, changed.result.data)
        listed = ask(kind.get_all(pubnub).filter(f"id == '{record_id}'"))
        same("listed", listed.result.data, [changed.result.data])
        ask(pubnub.set_memberships().uuid(record_id).channel_memberships([PNChannelMembership.channel("room")]))
        ask(pubnub.set_channel_members().channel(record_id).uuids([PNUUID.uuid("ann")]))


@example_of_each_kind("remove_{}_metadata: what is not there", *STYLES)
def remove_unknown(kind, client):
    with client(fresh("admin")) as pubnub:
        result = ask(kind.call(pubnub, "remove", fresh("unknown"))).result
    same("result", (result.data, result.status), (None, 200))


@example_of_each_kind("get_all_{}_metadata: filter and count", *STYLES)
def get_all_filtered(kind, client):
    prefix = fresh("r")
    ann, bob, cho, dan = (f"{prefix}-{name}" for name in ("ann", "bob", "cho", "dan"))

    with client(fresh("asker")) as pubnub:
        kind.make(pubnub, ann, name="Ann Lee", custom={"team": "red", "age": 30})
        kind.make(pubnub, bob, name="Bob's \"%\" & +", custom={"team": "blue", "age": 20})
        kind.make(pubnub, cho, custom={"team": "red", "age": 7})
        kind.make(pubnub, dan, name="Dan Lee")

        def found(expression):
            call = kind.get_all(pubnub).filter(f"id LIKE '{prefix}-*' && ({expression})").include_total_count(True)
            envelope = ask(call)
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


@example_of_each_kind("get_all_{}_metadata: filter by letters beyond ASCII", *STYLES)
def get_all_filtered_beyond_ascii(kind, client):
    record_id, name = fresh("record"), fresh("Zoë \U0001f600")

    with client(fresh("asker")) as pubnub:
        kind.make(pubnub, record_id, name=name)
        result = ask(kind.get_all(pubnub).filter(f"name == '{name}'")).result

    same("records", all_plain(result), [kind.record(record_id, name=name)])


@example_of_each_kind("get_all_{}_metadata: whole records by filter", *STYLES)
def get_all_records(kind, client):
    prefix = fresh("r")
    ann, bob = f"{prefix}-ann", f"{prefix}-bob"

    with client(fresh("asker")) as pubnub:
        kind.make(pubnub, ann, name="Ann", custom={"age": 30})
        kind.make(pubnub, bob)
        with_custom = ask(kind.get_all(pubnub).filter(f"id LIKE '{prefix}*'").include_custom(True)).result
        without = ask(kind.get_all(pubnub).filter(f"id LIKE '{prefix}*'")).result

    same("with custom", all_plain(with_custom), [
        kind.record(ann, name="Ann", custom={"age": 30}), kind.record(bob, custom=None),
    ])
    same("without", all_plain(without), [kind.record(ann, name="Ann"), kind.record(bob)])
    no_more_pages(without)


@example_of_each_kind("get_all_{}_metadata: a filter that cannot be read", *STYLES)
def get_all_refused(kind, client):
    with client(fresh("asker")) as pubnub:
        for expression in ("name = 'Ann'", "name == 'Ann", "nothing == 'Ann'", "name == 5"):
            with refused(400, INVALID_INPUT):
                ask(kind.get_all(pubnub).filter(expression))


@example_of_each_kind("get_all_{}_metadata: sort", *STYLES)
def get_all_sorted(kind, client):
    prefix = fresh("r")
    first, second, third, fourth = (f"{prefix}-{number}" for number in range(1, 5))

    with client(fresh("asker")) as pubnub:
        kind.make(pubnub, first, name="Bob")
        kind.make(pubnub, second, name="ann")
        kind.make(pubnub, third, name="Bob")
        kind.make(pubnub, fourth)

        def ordered(*keys):
            result = ask(kind.get_all(pubnub).filter(f"id LIKE '{prefix}-*'").sort(*keys)).result
            return [record["id"] for record in result.data]

        asc, desc, key = PNSortKey.asc, PNSortKey.desc, PNSortKeyValue
        same("id", ordered(asc(key.ID)), [first, second, third, fourth])
        same("id, descending", ordered(desc(key.ID)), [fourth, third, second, first])
        same("name", ordered(asc(key.NAME)), [second, first, third, fourth])
        same("name, descending", ordered(desc(key.NAME)), [fourth, first, third, second])
        same("name, updated", ordered(asc(key.NAME), desc(key.UPDATED)), [second, third, first, fourth])
        same("updated", ordered(desc(key.UPDATED)), [fourth, third, second, first])


@example_of_each_kind("get_all_{}_metadata: pages", *STYLES)
def get_all_pages(kind, client):
    prefix = fresh("r")
    ids = [f"{prefix}-{number}" for number in range(1, 6)]

    with client(fresh("asker")) as pubnub:
        for record_id in ids:
            kind.make(pubnub, record_id)

        def page(of=None):
            call = kind.get_all(pubnub).filter(f"id LIKE '{prefix}-*'").include_total_count(True).limit(2).page(of)
            result = ask(call).result
            same("total_count", result.total_count, 5)
            return [record["id"] for record in result.data], result.next, result.prev

        in_pages(page, ids)
