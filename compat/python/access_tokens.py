"""Tokens: granted, parsed, used, run out, revoked. Each example runs with the synchronous and with the asyncio client."""

import time
from contextlib import ExitStack
from functools import partial

from pubnub.enums import PNOperationType, PNStatusCategory
from pubnub.models.consumer.v3.channel import Channel
from pubnub.models.consumer.v3.group import Group
from pubnub.models.consumer.v3.uuid import UUID

from access import STYLES, admin, allowed, channel, grant, group, guest, not_granted, refused, refused_in_context, user
from clients import ask, subscribe
from context import example_in
from harness import ADMIN_KEYS, GUARDED_KEYS, IS_NEWEST, Listener, example, fresh, is_recent, same, succeeded

if IS_NEWEST:
    from pubnub.models.consumer.v3.category import Category

# --------------------------------------------------------------------------------------------------- granted and parsed


def permissions(*allowed):
    names = ("read", "write", "manage", "delete", "get", "update", "join")
    return {name: name in allowed for name in names}


@example_in("grant_token, parse_token: every kind of name and pattern", *STYLES)
def granted_and_parsed(client):
    with admin(client) as pubnub:
        call = pubnub.grant_token().ttl(15).authorized_uuid("ann").meta({"tier": "gold", "level": 3})
        call.channels([
            channel("room", "read", "write"),
            channel("hall", "manage", "delete", "get", "update", "join"),
            allowed(Channel.pattern("^room-[0-9]+$"), ["read"]),
        ])
        call.groups([group("family", "read", "manage"), allowed(Group.pattern("^fam"), ["read"])])
        call.uuids([user("ann", "get", "update", "delete"), allowed(UUID.pattern("^a"), ["get"])])
        envelope = ask(call)
        parsed = pubnub.parse_token(envelope.result.get_token())

    succeeded(envelope.status, PNOperationType.PNAccessManagerGrantToken)
    is_recent("time of the grant", parsed.pop("timestamp"))
    same("token", parsed, {
        "version": 2,
        "ttl": 15,
        "authorized_uuid": "ann",
        "resources": {
            "channels": {
                "room": permissions("read", "write"),
                "hall": permissions("manage", "delete", "get", "update", "join"),
            },
            "groups": {"family": permissions("read", "manage")},
            "uuids": {"ann": permissions("get", "update", "delete")},
        },
        "patterns": {
            "channels": {"^room-[0-9]+$": permissions("read")},
            "groups": {"^fam": permissions("read")},
            "uuids": {"^a": permissions("get")},
        },
        "meta": {"tier": "gold", "level": 3},
    })


@example_in("grant_token: refusals", *STYLES)
def not_granted_at_all(client):
    with admin(client) as pubnub:
        with not_granted(400, "Invalid ttl"):
            grant(pubnub, channel("room", "read"), ttl=43201)
        with not_granted(400, "Invalid permissions"):
            grant(pubnub, channel("room"))
        with not_granted(400, "Invalid RegExp"):
            grant(pubnub, allowed(Channel.pattern("(room)"), ["read"]))
        with not_granted(400, "Invalid token", "revoke"):
            ask(pubnub.revoke_token("nonsense"))
    with client(fresh("admin"), ADMIN_KEYS._replace(secret="another secret")) as pubnub:
        with not_granted(403, "Invalid signature"):
            grant(pubnub, channel("room", "read"))


# ---------------------------------------------------------------------------------------------------------------- used


@example_in("set_token: allows what it names, and nothing else", *STYLES)
def token_used(client):
    room, hall = fresh("room"), fresh("hall")
    with admin(client) as granting, guest(client) as pubnub:
        with refused("Forbidden", channels=[room]):
            ask(pubnub.publish().channel(room).message("hi"))
        pubnub.set_token(grant(granting, channel(room, "write")))
        envelope = ask(pubnub.publish().channel(room).message("hi"))
        succeeded(envelope.status, PNOperationType.PNPublishOperation)
        with refused("Forbidden", channels=[hall]):
            ask(pubnub.publish().channel(hall).message("hi"))
        with refused("Forbidden", channels=[room, hall]):
            ask(pubnub.here_now().channels([room, hall]))


@example_in("set_token: patterns", *STYLES)
def patterns_used(client):
    mark = fresh("p")
    with admin(client) as granting, guest(client) as pubnub:
        pubnub.set_token(grant(granting, allowed(Channel.pattern(f"^{mark}-[0-9]+$"), ["write"])))
        ask(pubnub.publish().channel(f"{mark}-17").message("hi"))
        with refused("Forbidden", channels=[f"{mark}-x"]):
            ask(pubnub.publish().channel(f"{mark}-x").message("hi"))


@example_in("authorized_uuid: a token of one user is good for nobody else", *STYLES)
def token_of_one_user(client):
    room = fresh("room")
    with admin(client) as granting, guest(client, "ann") as own, guest(client, "bob") as other:
        token = grant(granting, channel(room, "write"), authorized_uuid=own.config.user_id)
        own.set_token(token)
        other.set_token(token)
        ask(own.publish().channel(room).message("hi"))
        with refused("Forbidden", channels=[room]):
            ask(other.publish().channel(room).message("hi"))


@example_in("grant_token: categories, to list all users or channels", *STYLES, when=IS_NEWEST)
def categories_used(client):
    with admin(client) as granting, guest(client) as pubnub:
        pubnub.set_token(grant(granting, allowed(UUID.pattern(".*"), ["get", "update", "delete"])))
        with refused_in_context():
            ask(pubnub.get_all_uuid_metadata())
        call = granting.grant_token().ttl(15).categories([Category.uuids().get()])
        token = ask(call).result.get_token()
        same("categories", pubnub.parse_token(token)["categories"], {"uuids": {"get": True}})
        pubnub.set_token(token)
        succeeded(ask(pubnub.get_all_uuid_metadata()).status, PNOperationType.PNGetAllUuidMetadataOperation)
        with refused_in_context():
            ask(pubnub.get_all_channel_metadata())


# -------------------------------------------------------------------------------------------------------- a subscriber


def subscribed(pubnub, *rooms):
    listener = Listener(pubnub)
    subscribe(pubnub, *rooms)
    listener.connected()
    return listener


def denied(listener, room):
    """A subscriber hears that it is no longer let in."""
    status = listener.wait_for("status", lambda status: status.category == PNStatusCategory.PNAccessDeniedCategory)
    same("status code", status.status_code, 403)
    assert status.is_error(), "the status is no error"
    assert room in status.affected_channels, f"the status is about {status.affected_channels}"


@example_in("subscribe: with a token, to a channel and its presence", *STYLES)
def subscriber_with_token(client):
    room = fresh("room")
    with admin(client) as granting, guest(client, "ann") as pubnub:
        pubnub.set_token(grant(granting, channel(room, "read"), channel(f"{room}-pnpres", "read")))
        listener = subscribed(pubnub, room, f"{room}-pnpres")
        same("join", listener.presence_of("join", pubnub.config.user_id).occupancy, 1)
        ask(granting.publish().channel(room).message("hi"))
        same("message", listener.wait_for("message").message, "hi")


@example_in("subscribe: without a token, a subscriber is told", *STYLES)
def subscriber_without_token(client):
    room = fresh("room")
    with guest(client) as pubnub:
        listener = Listener(pubnub)
        subscribe(pubnub, room)
        denied(listener, room)


@example_in("revoke_token: the next call is refused", *STYLES)
def revoked(client):
    room = fresh("room")
    with admin(client) as granting, guest(client) as pubnub:
        token = grant(granting, channel(room, "write"))
        pubnub.set_token(token)
        ask(pubnub.publish().channel(room).message("hi"))

        envelope = ask(granting.revoke_token(token))
        succeeded(envelope.status, PNOperationType.PNAccessManagerRevokeToken)
        same("revoked", envelope.result.status, 200)
        with refused("Token is revoked"):
            ask(pubnub.publish().channel(room).message("hi"))


@example_in("revoke_token: a subscriber is told", *STYLES)
def revoked_under_a_subscriber(client):
    room = fresh("room")
    with admin(client) as granting, guest(client) as pubnub:
        token = grant(granting, channel(room, "read"))
        pubnub.set_token(token)
        listener = subscribed(pubnub, room)
        ask(granting.revoke_token(token))
        denied(listener, room)


# ---------------------------------------------------------------------------------------------------------- it runs out

SHORTEST_MINUTES = 1


class ForAMinute:
    """A subscriber with a token of the shortest life. Its clients are open until the example is over."""

    def __init__(self, client):
        self.room, self.clients = fresh("room"), ExitStack()
        self.granting = self.clients.enter_context(admin(client))
        self.pubnub = self.clients.enter_context(guest(client))
        self.token = grant(self.granting, channel(self.room, "read", "write"), ttl=SHORTEST_MINUTES)
        self.pubnub.set_token(self.token)
        self.listener = subscribed(self.pubnub, self.room)
        self.over = time.monotonic() + 60 * SHORTEST_MINUTES

    def wait(self):
        time.sleep(max(0.0, self.over - time.monotonic()))


def ran_out(begun):
    with begun.clients:
        begun.wait()
        with refused("Token is expired"):
            ask(begun.pubnub.publish().channel(begun.room).message("hi"))
        with not_granted(400, "Invalid token", "revoke"):
            ask(begun.granting.revoke_token(begun.token))
        begun.pubnub.set_token(grant(begun.granting, channel(begun.room, "write")))
        ask(begun.pubnub.publish().channel(begun.room).message("with a new one"))


def ran_out_under_a_subscriber(begun):
    with begun.clients:
        begun.wait()
        denied(begun.listener, begun.room)


for style in STYLES:
    begin = partial(ForAMinute, style.client)
    example(f"a token runs out: the next call is refused ({style.name})", begin=begin)(ran_out)
    example(f"a token runs out: a subscriber is told ({style.name})", begin=begin)(ran_out_under_a_subscriber)
