"""Memberships and members: the examples of the App Context document, synchronous and under asyncio."""

from pubnub.endpoints.objects_v2.objects_endpoint import ChannelIncludeEndpoint, UUIDIncludeEndpoint
from pubnub.enums import PNOperationType
from pubnub.models.consumer.objects_v2.channel_members import PNUUID
from pubnub.models.consumer.objects_v2.memberships import PNChannelMembership
from pubnub.models.consumer.objects_v2.sort import PNSortKey, PNSortKeyValue

from clients import ASYNCIO, SYNC, ask
from context import (
    CHANNELS,
    INVALID_INPUT,
    MEMBERS,
    MEMBERSHIPS,
    USERS,
    all_plain,
    example_in,
    example_in_each_form,
    example_of_each_side,
    in_pages,
    no_more_pages,
    plain,
    refused,
)
from harness import IS_NEWEST, fresh, same, succeeded

STYLES = (SYNC, ASYNCIO)

# ---------------------------------------------------------------------------------------------------- memberships of a user


def two_channels(pubnub):
    """The two channels that the document's examples have, with a name, and one with `custom` too."""
    some_channel, some_channel_with_custom = fresh("somechannel"), fresh("somechannel_with_custom")
    ask(pubnub.set_channel_metadata().channel(some_channel).set_name("some name"))
    custom_1 = {"key3": "val1", "key4": "val2"}
    call = pubnub.set_channel_metadata().channel(some_channel_with_custom).set_name("some name with custom")
    ask(call.custom(custom_1))
    return some_channel, some_channel_with_custom, custom_1


def expected_membership(channel_id, name, custom=None, channel_custom=None):
    return {"channel": CHANNELS.embedded(channel_id, name=name, custom=channel_custom), "custom": custom}


@example_in_each_form("set_memberships: {}", *STYLES)
def set_memberships(form, client):
    user_id = fresh("some_uuid")

    with client(fresh("admin")) as pubnub:
        some_channel, some_channel_with_custom, custom_1 = two_channels(pubnub)
        call = pubnub.set_memberships().uuid(user_id).channel_memberships([
            PNChannelMembership.channel(some_channel),
            PNChannelMembership.channel_with_custom(some_channel_with_custom, {"key5": "val5"}),
        ])
        envelope = ask(form.with_channel(call))

    succeeded(envelope.status, PNOperationType.PNSetMembershipsOperation)
    same("memberships", all_plain(envelope.result), [
        expected_membership(some_channel, "some name"),
        expected_membership(some_channel_with_custom, "some name with custom", {"key5": "val5"}, custom_1),
    ])
    no_more_pages(envelope.result)


@example_in_each_form("get_memberships: {}", *STYLES)
def get_memberships(form, client):
    user_id = fresh("some_uuid")

    with client(fresh("asker")) as pubnub:
        some_channel, some_channel_with_custom, custom_1 = two_channels(pubnub)
        ask(pubnub.set_memberships().uuid(user_id).channel_memberships([
            PNChannelMembership.channel_with_custom(some_channel, {"role": "host"}),
            PNChannelMembership.channel(some_channel_with_custom),
        ]))
        envelope = ask(form.with_channel(pubnub.get_memberships()).uuid(user_id))

    succeeded(envelope.status, PNOperationType.PNGetMembershipsOperation)
    same("memberships", all_plain(envelope.result), [
        expected_membership(some_channel, "some name", {"role": "host"}),
        expected_membership(some_channel_with_custom, "some name with custom", None, custom_1),
    ])
    no_more_pages(envelope.result)


@example_in_each_form("remove_memberships: {}", *STYLES)
def remove_memberships(form, client):
    user_id = fresh("some_uuid")

    with client(fresh("admin")) as pubnub:
        some_channel, some_channel_with_custom, custom_1 = two_channels(pubnub)
        ask(pubnub.set_memberships().uuid(user_id).channel_memberships([
            PNChannelMembership.channel(some_channel), PNChannelMembership.channel(some_channel_with_custom),
        ]))
        call = pubnub.remove_memberships().uuid(user_id)
        call.channel_memberships([PNChannelMembership.channel(some_channel)])
        envelope = ask(form.with_channel(call))

    succeeded(envelope.status, PNOperationType.PNRemoveMembershipsOperation)
    same("memberships", all_plain(envelope.result), [
        expected_membership(some_channel_with_custom, "some name with custom", None, custom_1),
    ])


@example_in_each_form("manage_memberships: {}", *STYLES)
def manage_memberships(form, client):
    user_id = fresh("some_uuid")

    with client(fresh("admin")) as pubnub:
        some_channel, some_channel_with_custom, _ = two_channels(pubnub)
        call = pubnub.set_memberships().uuid(user_id)
        ask(call.channel_memberships([PNChannelMembership.channel(some_channel_with_custom)]))
        call = pubnub.manage_memberships().uuid(user_id)
        call.set([PNChannelMembership.channel(some_channel)])
        call.remove([PNChannelMembership.channel(some_channel_with_custom)])
        envelope = ask(form.with_channel(call))

    succeeded(envelope.status, PNOperationType.PNManageMembershipsOperation)
    same("memberships", all_plain(envelope.result), [expected_membership(some_channel, "some name")])


@example_in("get_memberships: own, ids alone", *STYLES)
def get_own_memberships(client):
    channel_id = fresh("somechannel")

    with client(fresh("ann")) as pubnub:
        CHANNELS.make(pubnub, channel_id, name="some name")
        ask(pubnub.set_memberships().channel_memberships([
            PNChannelMembership.channel_with_custom(channel_id, {"role": "host"}),
        ]))
        result = ask(pubnub.get_memberships()).result
        left = ask(pubnub.remove_memberships().channel_memberships([PNChannelMembership.channel(channel_id)])).result

    same("memberships", all_plain(result), [{"channel": {"id": channel_id}}])
    same("memberships, removed", left.data, [])


@example_in("get_memberships: channel without its custom", *STYLES)
def get_memberships_with_channel(client):
    user_id = fresh("some_uuid")

    with client(fresh("asker")) as pubnub:
        _, channel_id, _ = two_channels(pubnub)
        ask(pubnub.set_memberships().uuid(user_id).channel_memberships([PNChannelMembership.channel(channel_id)]))
        result = ask(pubnub.get_memberships().uuid(user_id).include_channel(ChannelIncludeEndpoint.CHANNEL)).result

    same("memberships", all_plain(result), [
        {"channel": CHANNELS.embedded(channel_id, name="some name with custom")},
    ])


# --------------------------------------------------------------------------------------------------- members of a channel


def two_users(pubnub):
    some_uuid, some_uuid_with_custom = fresh("some_uuid"), fresh("some_uuid_with_custom")
    ask(pubnub.set_uuid_metadata().uuid(some_uuid).set_name("some name"))
    custom_1 = {"key3": "val1", "key4": "val2"}
    call = pubnub.set_uuid_metadata().uuid(some_uuid_with_custom).set_name("some name with custom")
    ask(call.custom(custom_1))
    return some_uuid, some_uuid_with_custom, custom_1


def expected_member(user_id, name, custom=None, user_custom=None):
    return {"uuid": USERS.embedded(user_id, name=name, custom=user_custom), "custom": custom}


@example_in_each_form("set_channel_members: {}", *STYLES)
def set_channel_members(form, client):
    channel_id = fresh("channel_id")

    with client(fresh("admin")) as pubnub:
        some_uuid, some_uuid_with_custom, custom_1 = two_users(pubnub)
        call = pubnub.set_channel_members().channel(channel_id).uuids([
            PNUUID.uuid(some_uuid),
            PNUUID.uuid_with_custom(some_uuid_with_custom, {"key5": "val5"}),
        ])
        envelope = ask(form.with_user(call))

    succeeded(envelope.status, PNOperationType.PNSetChannelMembersOperation)
    same("members", all_plain(envelope.result), [
        expected_member(some_uuid, "some name"),
        expected_member(some_uuid_with_custom, "some name with custom", {"key5": "val5"}, custom_1),
    ])
    no_more_pages(envelope.result)


@example_in_each_form("get_channel_members: {}", *STYLES)
def get_channel_members(form, client):
    channel_id = fresh("channel")

    with client(fresh("asker")) as pubnub:
        some_uuid, some_uuid_with_custom, custom_1 = two_users(pubnub)
        ask(pubnub.set_channel_members().channel(channel_id).uuids([
            PNUUID.uuid_with_custom(some_uuid, {"role": "host"}), PNUUID.uuid(some_uuid_with_custom),
        ]))
        envelope = ask(form.with_user(pubnub.get_channel_members().channel(channel_id)))

    succeeded(envelope.status, PNOperationType.PNGetChannelMembersOperation)
    same("members", all_plain(envelope.result), [
        expected_member(some_uuid, "some name", {"role": "host"}),
        expected_member(some_uuid_with_custom, "some name with custom", None, custom_1),
    ])
    no_more_pages(envelope.result)


@example_in_each_form("remove_channel_members: {}", *STYLES)
def remove_channel_members(form, client):
    channel_id = fresh("channel_id")

    with client(fresh("admin")) as pubnub:
        some_uuid, some_uuid_with_custom, custom_1 = two_users(pubnub)
        call = pubnub.set_channel_members().channel(channel_id)
        ask(call.uuids([PNUUID.uuid(some_uuid), PNUUID.uuid(some_uuid_with_custom)]))
        call = pubnub.remove_channel_members().channel(channel_id).uuids([PNUUID.uuid(some_uuid)])
        envelope = ask(form.with_user(call))

    succeeded(envelope.status, PNOperationType.PNRemoveChannelMembersOperation)
    same("members", all_plain(envelope.result), [
        expected_member(some_uuid_with_custom, "some name with custom", None, custom_1),
    ])


@example_in_each_form("manage_channel_members: {}", *STYLES)
def manage_channel_members(form, client):
    channel_id = fresh("channel_id")

    with client(fresh("admin")) as pubnub:
        some_uuid, some_uuid_with_custom, _ = two_users(pubnub)
        ask(pubnub.set_channel_members().channel(channel_id).uuids([PNUUID.uuid(some_uuid_with_custom)]))
        call = pubnub.manage_channel_members().channel(channel_id)
        call.set([PNUUID.uuid(some_uuid)]).remove([PNUUID.uuid(some_uuid_with_custom)])
        envelope = ask(form.with_user(call))

    succeeded(envelope.status, PNOperationType.PNManageChannelMembersOperation)
    same("members", all_plain(envelope.result), [expected_member(some_uuid, "some name")])


@example_in("get_channel_members: user without its custom", *STYLES)
def get_members_with_user(client):
    channel_id = fresh("channel")

    with client(fresh("asker")) as pubnub:
        _, user_id, _ = two_users(pubnub)
        ask(pubnub.set_channel_members().channel(channel_id).uuids([PNUUID.uuid(user_id)]))
        call = pubnub.get_channel_members().channel(channel_id).include_uuid(UUIDIncludeEndpoint.UUID)
        result = ask(call).result

    same("members", all_plain(result), [{"uuid": USERS.embedded(user_id, name="some name with custom")}])


# ------------------------------------------------------------------------------------------------ both sides: the rest


@example_of_each_side("get_{}: none", *STYLES)
def get_none(side, client):
    with client(fresh("asker")) as pubnub:
        result = ask(side.call(pubnub, "get", fresh("unknown")).include_total_count(True)).result
    same("result", (result.status, result.data, result.total_count, result.next, result.prev), (200, [], 0, None, None))


@example_of_each_side("set_{}: custom, status and type", *STYLES, when=IS_NEWEST)
def set_status_and_type_of_memberships(side, client):
    owner_id, plain_id, full_id = fresh("owner"), fresh("a"), fresh("b")

    with client(fresh("admin")) as pubnub:
        call = side.other.call(pubnub, "set", full_id).set_name("B").set_status("open").set_type("kind")
        ask(call.custom({"own": True}))
        entry = side.entry(full_id, custom={"role": "host"}, status="active", type="member")
        call = side.set(pubnub, owner_id, side.entry(plain_id), entry).include(side.all_included())
        result = ask(call).result

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


@example_of_each_side("get_{}: an empty include object", *STYLES, when=IS_NEWEST)
def get_with_empty_include(side, client):
    owner_id, other_id = fresh("owner"), fresh("other")
    includes = side.all_included()
    for name in vars(includes):
        setattr(includes, name, False)

    with client(fresh("admin")) as pubnub:
        ask(side.set(pubnub, owner_id, side.entry(other_id, custom={"role": "host"}, status="active")))
        result = ask(side.call(pubnub, "get", owner_id).include(includes)).result

    same("memberships", all_plain(result), [{side.other.name: {"id": other_id}}])


@example_of_each_side("set_{}: the same again, custom replaced whole", *STYLES)
def set_memberships_again(side, client):
    owner_id, other_id = fresh("owner"), fresh("other")

    with client(fresh("admin")) as pubnub:

        def set_to(custom):
            entry = side.entry_with_custom(other_id, custom)
            return ask(side.set(pubnub, owner_id, entry).include_custom(True)).result.data[0]

        first = set_to({"a": 1, "b": "x"})
        same("membership, set again", set_to({"b": "x", "a": 1}), first)
        changed = set_to({"c": False})
        # An entry without custom leaves it as it is.
        kept = ask(side.set(pubnub, owner_id, side.plain_entry(other_id)).include_custom(True)).result.data[0]

    same("membership, changed", plain(changed), {side.other.name: {"id": other_id}, "custom": {"c": False}})
    assert changed["eTag"] != first["eTag"], "a change should give a new eTag"
    assert changed["updated"] > first["updated"], "a change should be later"
    same("membership, kept", kept, changed)


@example_of_each_side("set_{}: seen from the other side", *STYLES)
def seen_from_the_other_side(side, client):
    owner_id, other_id = fresh("owner"), fresh("other")

    with client(fresh("admin")) as pubnub:
        ask(side.set(pubnub, owner_id, side.entry_with_custom(other_id, {"role": "host"})))
        opposite = MEMBERS if side is MEMBERSHIPS else MEMBERSHIPS
        result = ask(opposite.call(pubnub, "get", other_id).include_custom(True)).result

    same("memberships", all_plain(result), [{side.owner.name: {"id": owner_id}, "custom": {"role": "host"}}])


@example_of_each_side("remove_{}: what is not there", *STYLES)
def remove_what_is_not_there(side, client):
    owner_id, other_id = fresh("owner"), fresh("other")

    with client(fresh("admin")) as pubnub:
        ask(side.set(pubnub, owner_id, side.plain_entry(other_id)))
        result = ask(side.remove(pubnub, owner_id, fresh("unknown"))).result

    same("memberships", all_plain(result), [{side.other.name: {"id": other_id}}])


@example_of_each_side("get_{}: they outlive the metadata", *STYLES)
def memberships_outlive_metadata(side, client):
    owner_id, other_id = fresh("owner"), fresh("other")

    with client(fresh("admin")) as pubnub:
        side.other.make(pubnub, other_id, name="Other", custom={"a": 1})
        ask(side.set(pubnub, owner_id, side.plain_entry(other_id)))
        ask(side.other.call(pubnub, "remove", other_id))
        call = side.call(pubnub, "get", owner_id)
        if side.other is CHANNELS:
            call.include_channel(ChannelIncludeEndpoint.CHANNEL_WITH_CUSTOM)
        else:
            call.include_uuid(UUIDIncludeEndpoint.UUID_WITH_CUSTOM)
        result = ask(call).result

    same("memberships", all_plain(result), [{side.other.name: {"id": other_id}}])


@example_of_each_side("get_{}: filter, sort and count", *STYLES)
def get_memberships_filtered(side, client):
    owner_id, prefix = fresh("owner"), fresh("m")
    ann, bob, cho = (f"{prefix}-{name}" for name in ("ann", "bob", "cho"))
    other = side.other.name

    with client(fresh("asker")) as pubnub:
        side.other.make(pubnub, ann, name="Zoe")
        side.other.make(pubnub, bob, name="Yan")
        for other_id, custom in ((cho, {"role": "host"}), (ann, {"role": "guest"}), (bob, {"role": "guest"})):
            ask(side.set(pubnub, owner_id, side.entry_with_custom(other_id, custom)))

        def found(expression=None, *keys):
            call = side.call(pubnub, "get", owner_id).include_total_count(True)
            if expression is not None:
                call.filter(expression)
            result = ask(call.sort(*keys)).result
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


@example_of_each_side("get_{}: pages", *STYLES)
def get_memberships_pages(side, client):
    owner_id = fresh("owner")
    ids = [fresh(str(number)) for number in range(1, 6)]

    with client(fresh("asker")) as pubnub:
        ask(side.set(pubnub, owner_id, *[side.plain_entry(other_id) for other_id in ids]))

        def page(of=None):
            result = ask(side.call(pubnub, "get", owner_id).limit(2).include_total_count(True).page(of)).result
            same("total_count", result.total_count, 5)
            return side.ids(result.data), result.next, result.prev

        in_pages(page, ids)


@example_of_each_side("manage_{}: a page of the list as answer", *STYLES)
def manage_answers_a_page(side, client):
    owner_id = fresh("owner")
    ids = [fresh(str(number)) for number in range(1, 6)]
    entries = [side.plain_entry(other_id) for other_id in ids]

    with client(fresh("admin")) as pubnub:
        ask(side.set(pubnub, owner_id, *entries[:3]))
        call = side.call(pubnub, "manage", owner_id).set(entries[3:]).remove(entries[:1])
        call.filter(f"{side.other.name}.id != '{ids[1]}'").sort(PNSortKey.desc(PNSortKeyValue.ID))
        result = ask(call.limit(2).include_total_count(True)).result
        whole = ask(side.call(pubnub, "get", owner_id)).result

    same("total_count", result.total_count, 3)
    same("page", side.ids(result.data), [ids[4], ids[3]])
    same("prev", result.prev, None)
    same("whole list", side.ids(whole.data), ids[1:])
