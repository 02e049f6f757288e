"""Each call needs its permission: refused with a token that has every other one, let in with exactly that one, and let in when
signed with the secret key.
"""

from typing import Callable, NamedTuple

from pubnub.models.consumer.objects_v2.channel_members import PNUUID
from pubnub.models.consumer.objects_v2.memberships import PNChannelMembership

from access import STYLES, admin, channel, grant, group, guest, refused, refused_in_context, user
from clients import ask
from context import for_each
from harness import ADMIN_KEYS, fresh

CHANNEL = (channel, ("read", "write", "manage", "delete", "get", "update", "join"))
GROUP = (group, ("read", "manage"))
USER = (user, ("delete", "get", "update"))


class Names(NamedTuple):
    room: str
    family: str
    ann: str


class Call(NamedTuple):
    make: Callable  # of a client and names
    needs: tuple  # of a kind of name, which of the names, and one permission on it


class Family(NamedTuple):
    name: str
    calls: list


def on_room(permission):
    return ((CHANNEL, "room", permission),)


def on_family(permission):
    return ((GROUP, "family", permission),)


def on_ann(permission):
    return ((USER, "ann", permission),)


JOINS = on_ann("update") + on_room("join")

FAMILIES = [
    Family("publish and signal", [
        Call(lambda pubnub, of: pubnub.publish().channel(of.room).message({"a": "b c"}), on_room("write")),
        Call(lambda pubnub, of: pubnub.publish().channel(of.room).message(["~ / ?"]).meta({"m": "~*"}), on_room("write")),
        Call(lambda pubnub, of: pubnub.publish().channel(of.room).message({"a": 1}).use_post(True), on_room("write")),
        Call(lambda pubnub, of: pubnub.fire().channel(of.room).message("hi"), on_room("write")),
        Call(lambda pubnub, of: pubnub.signal().channel(of.room).message("hi"), on_room("write")),
    ]),
    Family("presence", [
        Call(lambda pubnub, of: pubnub.here_now().channels(of.room), on_room("read")),
        Call(lambda pubnub, of: pubnub.here_now().channels(of.room).channel_groups(of.family),
             on_room("read") + on_family("read")),
        Call(lambda pubnub, of: pubnub.set_state().channels(of.room).state({"mood": "~ fine!"}), on_room("read")),
        Call(lambda pubnub, of: pubnub.get_state().channels(of.room), on_room("read")),
    ]),
    Family("groups", [
        Call(lambda pubnub, of: pubnub.add_channel_to_channel_group().channels(of.room).channel_group(of.family),
             on_family("manage")),
        Call(lambda pubnub, of: pubnub.remove_channel_from_channel_group().channels(of.room).channel_group(of.family),
             on_family("manage")),
        Call(lambda pubnub, of: pubnub.remove_channel_group().channel_group(of.family), on_family("manage")),
    ]),
    Family("users", [
        Call(lambda pubnub, of: pubnub.set_uuid_metadata().uuid(of.ann).set_name("Ann ~ é"), on_ann("update")),
        Call(lambda pubnub, of: pubnub.get_uuid_metadata().uuid(of.ann).include_custom(True), on_ann("get")),
        Call(lambda pubnub, of: pubnub.remove_uuid_metadata().uuid(of.ann), on_ann("delete")),
    ]),
    Family("channels", [
        Call(lambda pubnub, of: pubnub.set_channel_metadata().channel(of.room).set_name("Room"), on_room("update")),
        Call(lambda pubnub, of: pubnub.get_channel_metadata().channel(of.room), on_room("get")),
        Call(lambda pubnub, of: pubnub.remove_channel_metadata().channel(of.room), on_room("delete")),
    ]),
    Family("memberships and members", [
        Call(lambda pubnub, of: pubnub.set_memberships().uuid(of.ann).channel_memberships(
            [PNChannelMembership.channel(of.room)]), JOINS),
        Call(lambda pubnub, of: pubnub.get_memberships().uuid(of.ann), on_ann("get")),
        Call(lambda pubnub, of: pubnub.remove_memberships().uuid(of.ann).channel_memberships(
            [PNChannelMembership.channel(of.room)]), JOINS),
        Call(lambda pubnub, of: pubnub.set_channel_members().channel(of.room).uuids([PNUUID.uuid(of.ann)]),
             on_room("manage")),
        Call(lambda pubnub, of: pubnub.get_channel_members().channel(of.room), on_room("get")),
        Call(lambda pubnub, of: pubnub.remove_channel_members().channel(of.room).uuids([PNUUID.uuid(of.ann)]),
             on_room("manage")),
    ]),
]

IN_CONTEXT = ("users", "channels", "memberships and members")


def fresh_names():
    return Names(fresh("room"), fresh("family"), fresh("ann"))


@for_each("access: {} with exactly the permission that it needs, and with all others", FAMILIES, STYLES)
def with_and_without(family, client):
    names = fresh_names()
    with admin(client) as granting, guest(client) as pubnub:
        for call in family.calls:
            enough, lacking = [], []
            for (make, every), name, permission in call.needs:
                name = getattr(names, name)
                enough.append(make(name, permission))
                lacking.append(make(name, *(other for other in every if other != permission)))
            pubnub.set_token(grant(granting, *lacking))
            with refusal(family, call, names):
                ask(call.make(pubnub, names))
            pubnub.set_token(grant(granting, *enough))
            ask(call.make(pubnub, names))


def refusal(family, call, names):
    if family.name in IN_CONTEXT:
        return refused_in_context()
    payload = {}
    for kind, name, _ in call.needs:
        if kind is CHANNEL:
            payload.setdefault("channels", []).append(getattr(names, name))
        else:
            payload.setdefault("channel_groups", []).append(f":{getattr(names, name)}")
    return refused("Forbidden", **payload)


@for_each("access: {} signed with the secret key", FAMILIES, STYLES)
def signed(family, client):
    names = fresh_names()
    with client(fresh("admin"), ADMIN_KEYS) as pubnub:
        for call in family.calls:
            ask(call.make(pubnub, names))


@for_each("access: {}", [Family("what only the secret key may do", [])], STYLES)
def everything(_family, client):
    with client(fresh("admin"), ADMIN_KEYS) as pubnub:
        ask(pubnub.here_now())
        ask(pubnub.get_all_uuid_metadata())
        ask(pubnub.get_all_channel_metadata())
        ask(pubnub.where_now().uuid("ann"))
        ask(pubnub.list_channels_in_channel_group().channel_group("family"))
