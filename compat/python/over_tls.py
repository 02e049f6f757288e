"""The same over TLS: `ssl` on, a certificate of an authority that was made for this run, and nothing else is different.

Which authority is trusted is said by the environment, as an operator of such a server would have it: `REQUESTS_CA_BUNDLE`
for the synchronous client of the older SDKs, `SSL_CERT_FILE` for all others.
"""

import os

from pubnub.enums import PNOperationType

from clients import asyncio_client_of, client_of, configuration
from harness import Listener, example, fresh, message_fields, presence_fields, same, succeeded

TLS_ORIGIN = os.environ.get("HEREABOUTS_TLS_ORIGIN")


def secure(user_id):
    config = configuration(user_id)
    config.origin = TLS_ORIGIN
    config.ssl = True
    return config


@example("over TLS: publish, subscribe, events, here_now (callback)", when=TLS_ORIGIN)
def callback():
    room, ann, bob = fresh("room"), fresh("ann"), fresh("bob")
    with client_of(secure(ann)) as pubnub, client_of(secure(bob)) as other:
        listener = Listener(pubnub)
        pubnub.subscribe().channels(room).with_presence().execute()
        listener.presence_of("join", ann)
        other.subscribe().channels(room).execute()
        joined = listener.presence_of("join", bob)
        sent = other.publish().channel(room).message({"text": "hello"}).sync()
        heard = listener.wait_for("message")
        here = pubnub.here_now().channels(room).include_uuids(True).sync()
    succeeded(sent.status, PNOperationType.PNPublishOperation)
    same("join", presence_fields(joined), {"event": "join", "channel": room, "uuid": bob, "occupancy": 2})
    same("message", message_fields(heard)["message"], {"text": "hello"})
    same("who is here", sorted(occupant.uuid for occupant in here.result.channels[0].occupants), sorted([ann, bob]))


@example("over TLS: publish, here_now (asyncio)", when=TLS_ORIGIN)
async def calls_in_asyncio():
    room = fresh("room")
    async with asyncio_client_of(secure(fresh("ann"))) as pubnub:
        sent = await pubnub.publish().channel(room).message("hello").future()
        here = await pubnub.here_now().channels(room).future()
    succeeded(sent.status, PNOperationType.PNPublishOperation)
    same("occupancy", here.result.total_occupancy, 0)
