"""What the examples of access control share: tokens for what is needed, and how to see that a call was let in or refused."""

import json
from contextlib import contextmanager

from pubnub.models.consumer.v3.channel import Channel
from pubnub.models.consumer.v3.group import Group
from pubnub.models.consumer.v3.uuid import UUID

from clients import ASYNCIO, SYNC, ask
from harness import ADMIN_KEYS, GUARDED_KEYS, fresh, same

STYLES = (SYNC, ASYNCIO)


def channel(name, *permissions):
    return allowed(Channel.id(name), permissions)


def group(name, *permissions):
    return allowed(Group.id(name), permissions)


def user(name, *permissions):
    return allowed(UUID.id(name), permissions)


def allowed(resource, permissions):
    """A name or pattern with permissions by their names, as a grant takes it."""
    for permission in permissions:
        getattr(resource, permission)()
    return resource


@contextmanager
def admin(client):
    """A client that knows the secret key."""
    with client(fresh("admin"), ADMIN_KEYS) as pubnub:
        yield pubnub


@contextmanager
def guest(client, name="guest"):
    """A client that knows none, and shows nothing yet."""
    with client(fresh(name), GUARDED_KEYS) as pubnub:
        yield pubnub


def grant(pubnub, *resources, ttl=15, authorized_uuid=None):
    """A token for these, granted by an admin."""
    call = pubnub.grant_token().ttl(ttl)
    of = lambda kind: [resource for resource in resources if isinstance(resource, kind)]  # noqa: E731
    call.channels(of(Channel)).groups(of(Group)).uuids(of(UUID))
    if authorized_uuid is not None:
        call.authorized_uuid(authorized_uuid)
    return ask(call).result.get_token()


@contextmanager
def refused(message, status=403, **payload):
    """A call is refused in the form of the access manager, with the channels or groups that it names."""
    with refused_with(status) as body:
        yield
    expected = {"message": message, "error": True, "service": "Access Manager", "status": status}
    if payload:
        expected["payload"] = {key.replace("_", "-"): names for key, names in payload.items()}
    same("refusal", body, expected)


@contextmanager
def refused_in_context():
    """A call of App Context is refused in its own form."""
    with refused_with(403) as body:
        yield
    message = "Supplied authorization key does not have the permissions required to perform this operation."
    same("refusal", body, {"status": 403, "error": {"source": "objects", "message": message}})


@contextmanager
def not_granted(status, message, source="grant"):
    """A grant or revocation is refused."""
    with refused_with(status) as body:
        yield
    same("message", body["error"]["message"], message)
    same("source", body["error"]["source"], source)
    same("status", body["status"], status)


@contextmanager
def refused_with(status):
    """A call is refused; what it was answered stands in the dictionary afterwards."""
    body = {}
    try:
        yield body
    except Exception as refusal:
        if not hasattr(refusal, "_status_code"):
            raise
        same("status code", refusal._status_code, status)
        # The asyncio client has read the body already.
        said = refusal._errormsg
        body.update(said if isinstance(said, dict) else json.loads(said))
    else:
        raise AssertionError(f"expected {status}, but the call succeeded")
