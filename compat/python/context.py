"""What the examples of the App Context document share: the forms of its calls, records to expect, and how to check them.

The two lists of records, users and channels, have the same calls, and so have the two sides of a membership. What is asked
of both is written once here, as a `Kind` or a `Side`.
"""

import json
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Callable, NamedTuple

from pubnub.endpoints.objects_v2.objects_endpoint import ChannelIncludeEndpoint, UUIDIncludeEndpoint
from pubnub.enums import PNOperationType
from pubnub.exceptions import PubNubException
from pubnub.models.consumer.objects_v2.channel_members import PNUUID
from pubnub.models.consumer.objects_v2.memberships import PNChannelMembership
from pubnub.models.consumer.objects_v2.page import Next, Previous

from clients import ask
from harness import IS_NEWEST, example, is_recent, same

if IS_NEWEST:
    from pubnub.models.consumer.objects_v2.channel_members import PNUserMember
    from pubnub.models.consumer.objects_v2.common import MemberIncludes, MembershipIncludes

NOT_FOUND = "Requested object was not found."
USER_MODIFIED = "User to update has been modified after it was read."
CHANNEL_MODIFIED = "Channel to update has been modified after it was read."
INVALID_INPUT = "Request payload contained invalid input."


# ------------------------------------------------------------------------------------------------ one text, many examples


def example_in(name, *styles, when=True):
    """Registers a function of a client's constructor as one example for each style, which ends the example's name."""

    def register(function):
        for style in styles:
            example(f"{name} ({style.name})", when)(partial(function, style.client))
        return function

    return register


def for_each(name, subjects, styles):
    """The same for a function of a subject and a client's constructor, for each of the subjects."""

    def register(function):
        for subject in subjects:
            example_in(name.format(subject.name), *styles)(partial(function, subject))
        return function

    return register


# ------------------------------------------------------------------------------------------ asking for more than the ids


class Form(NamedTuple):
    """A way to ask for `custom` of memberships, and for the channel or the user with its own `custom`."""

    name: str
    with_channel: Callable
    with_user: Callable


FORMS = [
    Form(
        "include flags",
        with_channel=lambda call: call.include_custom(True).include_channel(ChannelIncludeEndpoint.CHANNEL_WITH_CUSTOM),
        with_user=lambda call: call.include_custom(True).include_uuid(UUIDIncludeEndpoint.UUID_WITH_CUSTOM),
    )
]

if IS_NEWEST:
    FORMS.append(
        Form(
            "include object",
            with_channel=lambda call: call.include(MembershipIncludes(custom=True, channel=True, channel_custom=True)),
            with_user=lambda call: call.include(MemberIncludes(custom=True, user=True, user_custom=True)),
        )
    )


def example_in_each_form(name, *styles):
    """Registers a function of a form as one example for each form that the SDK has; `{}` in `name` is the form's."""
    return for_each(name, FORMS, styles)


# ---------------------------------------------------------------------------------------------------- users and channels


class Kind(NamedTuple):
    """Users or channels."""

    name: str  # as in the names of the calls
    own_fields: tuple
    modified: str
    set_operation: PNOperationType
    get_all_operation: PNOperationType

    def call(self, pubnub, verb, record_id):
        call = getattr(pubnub, f"{verb}_{self.name}_metadata")()
        return getattr(call, self.name)(record_id)

    def get_all(self, pubnub):
        return getattr(pubnub, f"get_all_{self.name}_metadata")()

    def make(self, pubnub, record_id, name=None, custom=None):
        call = self.call(pubnub, "set", record_id)
        if name is not None:
            call.set_name(name)
        if custom is not None:
            call.custom(custom)
        return ask(call).result

    def record(self, record_id, **fields):
        """A record as it is answered when `custom` was not asked for: all else is null."""
        return {**self.embedded(record_id), **status_and_type(), **fields}

    def embedded(self, record_id, **fields):
        """The same, inside a membership."""
        return {"id": record_id, "name": None, **dict.fromkeys(self.own_fields), **fields}


USERS = Kind(
    "uuid",
    ("externalId", "profileUrl", "email"),
    USER_MODIFIED,
    PNOperationType.PNSetUuidMetadataOperation,
    PNOperationType.PNGetAllUuidMetadataOperation,
)
CHANNELS = Kind(
    "channel",
    ("description",),
    CHANNEL_MODIFIED,
    PNOperationType.PNSetChannelMetadataOperation,
    PNOperationType.PNGetAllChannelMetadataOperation,
)


def example_of_each_kind(name, *styles, when=True):
    """Registers a function of a kind as one example for users and one for channels; `{}` in `name` is the kind's."""
    return for_each(name, [USERS, CHANNELS] if when else [], styles)


def status_and_type(status=None, type=None):
    """The newest SDK asks for both wherever it reads or sets a user or channel. The last MIT one does not know them."""
    return {"status": status, "type": type} if IS_NEWEST else {}


def set_status_and_type(call, status, type):
    return call.set_status(status).set_type(type) if IS_NEWEST else call


# ----------------------------------------------------------------------------------------------------------- memberships


class Side(NamedTuple):
    """A list of memberships: those of a user, or those of a channel, which are its members."""

    name: str  # as in the names of the calls
    owner: Kind
    other: Kind
    entries: str
    plain_entry: Callable
    entry_with_custom: Callable
    entry: Callable  # with custom, status and type; the newest SDK only
    all_included: Callable

    def call(self, pubnub, verb, owner_id):
        call = getattr(pubnub, f"{verb}_{self.name}")()
        return getattr(call, self.owner.name)(owner_id)

    def set(self, pubnub, owner_id, *entries):
        call = self.call(pubnub, "set", owner_id)
        return getattr(call, self.entries)(list(entries))

    def remove(self, pubnub, owner_id, *other_ids):
        call = self.call(pubnub, "remove", owner_id)
        return getattr(call, self.entries)([self.plain_entry(other_id) for other_id in other_ids])

    def ids(self, data):
        return [membership[self.other.name]["id"] for membership in data]


MEMBERSHIPS = Side(
    "memberships",
    owner=USERS,
    other=CHANNELS,
    entries="channel_memberships",
    plain_entry=PNChannelMembership.channel,
    entry_with_custom=PNChannelMembership.channel_with_custom,
    entry=PNChannelMembership,
    all_included=lambda: MembershipIncludes(
        custom=True, status=True, type=True, total_count=True,
        channel=True, channel_custom=True, channel_type=True, channel_status=True,
    ),
)
MEMBERS = Side(
    "channel_members",
    owner=CHANNELS,
    other=USERS,
    entries="uuids",
    plain_entry=PNUUID.uuid,
    entry_with_custom=PNUUID.uuid_with_custom,
    entry=PNUserMember if IS_NEWEST else None,
    all_included=lambda: MemberIncludes(
        custom=True, status=True, type=True, total_count=True,
        user=True, user_custom=True, user_type=True, user_status=True,
    ),
)


def example_of_each_side(name, *styles, when=True):
    """Registers a function of a side as one example for memberships and one for members; `{}` in `name` is the side's."""
    return for_each(name, [MEMBERSHIPS, MEMBERS] if when else [], styles)


# --------------------------------------------------------------------------------------------------------------- checks


def plain(record):
    """A record or membership without `updated` and `eTag`, which are checked, here and in what it embeds."""
    fields = dict(record)
    is_updated(fields.pop("updated"))
    is_etag(fields.pop("eTag"))
    for embedded in ("channel", "uuid"):
        if "updated" in fields.get(embedded, {}):
            fields[embedded] = plain(fields[embedded])
    return fields


def all_plain(result):
    same("status", result.status, 200)
    return [plain(record) for record in result.data]


def one_plain(result):
    same("status", result.status, 200)
    return plain(result.data)


def is_updated(value, digits=6):
    seconds, _, fraction = value.removesuffix("Z").partition(".")
    assert value.endswith("Z") and len(seconds) == 19, f"not a time in UTC: {value!r}"
    assert len(fraction) <= digits and not fraction.endswith("0"), f"not the shortest form: {value!r}"
    is_recent("updated", datetime.fromisoformat(value).timestamp())


def is_etag(value):
    assert isinstance(value, str) and value, f"not an eTag: {value!r}"


def no_more_pages(result):
    """The result is a whole list without `count`: a cursor for what may follow, none for what was before."""
    same("total_count", result.total_count, None)
    same("prev", result.prev, None)
    assert result.data == [] or result.next is not None, "a page with records should have a cursor for the next"


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


@contextmanager
def refused(status_code, message):
    """A synchronous call is refused in the form of App Context."""
    try:
        yield
    except PubNubException as refusal:
        is_refusal(refusal, status_code, message)
    else:
        raise AssertionError(f"expected {status_code}, but the call succeeded")


def refused_status(status, status_code, message):
    """The same, told to a callback."""
    assert status.is_error(), f"expected {status_code}, but the call succeeded"
    same("status code", status.status_code, status_code)
    is_refusal(status.error_data.exception, status_code, message)


def is_refusal(refusal, status_code, message):
    same("status code", refusal._status_code, status_code)
    # The asyncio client has read the body already.
    body = refusal._errormsg if isinstance(refusal._errormsg, dict) else json.loads(refusal._errormsg)
    same("status", body["status"], status_code)
    same("message", body["error"]["message"], message)
    same("source", body["error"]["source"], "objects")


@contextmanager
def etag_forgotten(pubnub):
    """The newest SDK sends an `if_matches_etag` with every later call of the process. An empty one is no condition."""
    try:
        yield
    finally:
        pubnub.get_uuid_metadata().if_matches_etag("")
