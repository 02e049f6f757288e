"""The older way: permissions granted to auth keys, which the server keeps."""

from access import STYLES, admin, guest, refused
from clients import ask
from context import example_in
from harness import fresh, same


@example_in("grant: an auth key for a channel, audited and taken back", *STYLES)
def granted_to_an_auth_key(client):
    room, key = fresh("room"), fresh("key")
    with admin(client) as granting, guest(client) as pubnub:
        pubnub.config.auth_key = key
        with refused("Forbidden", channels=[room]):
            ask(pubnub.publish().channel(room).message("hi"))

        result = ask(granting.grant().channels(room).auth_keys(key).write(True).read(False).ttl(15)).result
        same("level", result.level, "user")
        same("ttl", result.ttl, 15)
        granted = result.channels[room].auth_keys[key]
        same("granted", (granted.read_enabled, granted.write_enabled, granted.manage_enabled), (False, True, False))
        ask(pubnub.publish().channel(room).message("hi"))

        audited = ask(granting.audit().channels([room]).auth_keys([key])).result
        granted = audited.channels[room].auth_keys[key]
        same("audited", (granted.read_enabled, granted.write_enabled, granted.ttl), (False, True, 15))

        ask(granting.grant().channels(room).auth_keys(key).write(False).read(False))
        with refused("Forbidden", channels=[room]):
            ask(pubnub.publish().channel(room).message("hi"))


@example_in("grant: several channels, groups, users, and the whole key set", *STYLES)
def granted_on_each_level(client):
    room, hall, family, other, ann, key = (fresh(name) for name in ("room", "hall", "family", "other", "ann", "key"))
    with admin(client) as granting, guest(client) as pubnub:
        result = ask(granting.grant().channels([room, hall]).read(True).ttl(15)).result
        same("channels", (result.level, sorted(result.channels)), ("channel", sorted([room, hall])))
        ask(pubnub.here_now().channels([room, hall]))

        result = ask(granting.grant().channel_groups([family, other]).auth_keys(key).manage(True).ttl(15)).result
        same("groups", (result.level, sorted(result.groups)), ("channel-group+auth", sorted([family, other])))
        pubnub.config.auth_key = key
        ask(pubnub.add_channel_to_channel_group().channels(room).channel_group(family))

        result = ask(granting.grant().uuids([ann]).auth_keys(key).update(True).get(True).ttl(15)).result
        same("users", (result.level, list(result.uuids)), ("uuid", [ann]))
        ask(pubnub.set_uuid_metadata().uuid(ann).set_name("Ann"))
