// Access control: tokens granted, parsed, used, run out and revoked; and the older grants to auth keys.

import assert from 'node:assert/strict';

import {
  Listener, adminKeys, client, example, fresh, guardedKeys, isNewest, isRecent, longExample, pause, same,
} from './harness.mjs';

export const admin = () => client(fresh('admin'), adminKeys);
export const guest = (name = 'guest', options = {}) => client(fresh(name), { ...guardedKeys, ...options });

/** A token for these resources, granted by an admin. */
export const grant = (resources, more) => admin().grantToken({ ttl: 15, resources, ...more });

export const publish = (pubnub, channel) => pubnub.publish({ channel, message: 'hi' });

/** What a call is refused with, as the SDK tells it. */
export async function refusal(call) {
  try {
    await call;
  } catch ({ status }) {
    assert.ok(status, 'the error has no status');
    return status;
  }
  return assert.fail('the call succeeded');
}

/** A call is refused in the form of the access manager, with the channels or groups that it names. */
export async function refused(call, message, payload) {
  const status = await refusal(call);
  same('status code', status.statusCode, 403);
  same('category', status.category, 'PNAccessDeniedCategory');
  // The newest version shows what it calls the error data: the whole body.
  const body = status.errorData;
  same('message', body.message, message);
  same('service', body.service, 'Access Manager');
  same('payload', body.payload, payload);
}

/** A grant or revocation is refused. */
async function notGranted(call, code, message, source = 'grant') {
  const { statusCode, errorData } = await refusal(call);
  same('status code', statusCode, code);
  const { message: text, source: from } = errorData.error ?? errorData;
  same('message', text, message);
  same('source', from, source);
}

const nothing = { read: false, write: false, manage: false, delete: false, get: false, update: false, join: false };

// -------------------------------------------------------------------------------------------------- granted and parsed

example('grantToken, parseToken: every kind of name and pattern', async () => {
  const pubnub = admin();
  const token = await pubnub.grantToken({
    ttl: 15,
    authorized_uuid: 'ann',
    resources: {
      channels: {
        room: { read: true, write: true },
        hall: { manage: true, delete: true, get: true, update: true, join: true },
      },
      groups: { family: { read: true, manage: true } },
      uuids: { ann: { get: true, update: true, delete: true } },
    },
    patterns: {
      channels: { '^room-[0-9]+$': { read: true } },
      groups: { '^fam': { read: true } },
      uuids: { '^a': { get: true } },
    },
    meta: { tier: 'gold', level: 3 },
  });
  const { timestamp, signature, ...parsed } = pubnub.parseToken(token);
  isRecent('time of the grant', timestamp);
  same('bytes of the signature', signature.byteLength, 32);
  same('token', parsed, {
    version: 2,
    ttl: 15,
    authorized_uuid: 'ann',
    resources: {
      uuids: { ann: { ...nothing, get: true, update: true, delete: true } },
      channels: {
        room: { ...nothing, read: true, write: true },
        hall: { ...nothing, manage: true, delete: true, get: true, update: true, join: true },
      },
      groups: { family: { ...nothing, read: true, manage: true } },
    },
    patterns: {
      uuids: { '^a': { ...nothing, get: true } },
      channels: { '^room-[0-9]+$': { ...nothing, read: true } },
      groups: { '^fam': { ...nothing, read: true } },
    },
    meta: { tier: 'gold', level: 3 },
  });
});

example('grantToken: refusals', async () => {
  const room = { channels: { room: { read: true } } };
  await notGranted(grant(room, { ttl: 43201 }), 400, 'Invalid ttl');
  await notGranted(grant({ channels: { room: {} } }), 400, 'Invalid permissions');
  await notGranted(grant(undefined, { patterns: { channels: { '(room)': { read: true } } } }), 400, 'Invalid RegExp');
  await notGranted(admin().revokeToken('nonsense'), 400, 'Invalid token', 'revoke');
  const stranger = client(fresh('admin'), { ...adminKeys, secretKey: 'another secret' });
  await notGranted(stranger.grantToken({ ttl: 15, resources: room }), 403, 'Invalid signature');
});

// --------------------------------------------------------------------------------------------------------------- used

example('setToken: allows what it names, and nothing else', async () => {
  const [room, hall, pubnub] = [fresh('room'), fresh('hall'), guest()];
  await refused(publish(pubnub, room), 'Forbidden', { channels: [room] });
  const token = await grant({ channels: { [room]: { write: true } } });
  pubnub.setToken(token);
  same('getToken', pubnub.getToken(), token);
  await publish(pubnub, room);
  await refused(publish(pubnub, hall), 'Forbidden', { channels: [hall] });
  await refused(pubnub.hereNow({ channels: [room, hall] }), 'Forbidden', { channels: [room, hall] });
});

example('setToken: patterns', async () => {
  const [mark, pubnub] = [fresh('p'), guest()];
  pubnub.setToken(await grant(undefined, { patterns: { channels: { [`^${mark}-[0-9]+$`]: { write: true } } } }));
  await publish(pubnub, `${mark}-17`);
  await refused(publish(pubnub, `${mark}-x`), 'Forbidden', { channels: [`${mark}-x`] });
});

example('authorized_uuid: a token of one user is good for nobody else', async () => {
  const [room, ann, bob] = [fresh('room'), guest('ann'), guest('bob')];
  const token = await grant({ channels: { [room]: { write: true } } }, { authorized_uuid: ann.getUUID() });
  ann.setToken(token);
  bob.setToken(token);
  await publish(ann, room);
  await refused(publish(bob, room), 'Forbidden', { channels: [room] });
});

// ------------------------------------------------------------------------------------------------------- a subscriber

/** A listener of the channel, once it is connected. */
async function subscribed(pubnub, room) {
  const listener = new Listener(pubnub);
  pubnub.subscribe({ channels: [room] });
  await listener.connected();
  return listener;
}

/** A subscriber hears that it is no longer let in. Where the SDK runs an event engine, the category stands in `error`. */
async function denied(listener) {
  const isDenied = ({ category, error }) => [category, error].includes('PNAccessDeniedCategory');
  const status = await listener.next('status', isDenied);
  assert.ok(status.error, 'the status is no error');
}

example('subscribe: with a token, to a channel and its presence', async () => {
  const [room, ann] = [fresh('room'), guest('ann')];
  ann.setToken(await grant({ channels: { [room]: { read: true }, [`${room}-pnpres`]: { read: true } } }));
  const listener = new Listener(ann);
  ann.subscribe({ channels: [room], withPresence: true });
  same('occupancy', (await listener.presenceOf('join', ann.getUUID())).occupancy, 1);
  await publish(admin(), room);
  same('message', (await listener.next('message')).message, 'hi');
});

example('subscribe: without a token, a subscriber is told', async () => {
  const [room, pubnub] = [fresh('room'), guest()];
  const listener = new Listener(pubnub);
  pubnub.subscribe({ channels: [room] });
  await denied(listener);
});

example('revokeToken: the next call is refused', async () => {
  const [room, pubnub] = [fresh('room'), guest()];
  const token = await grant({ channels: { [room]: { write: true } } });
  pubnub.setToken(token);
  await publish(pubnub, room);
  const response = await admin().revokeToken(token);
  // The newest version keeps the answer to itself.
  same('response', response, isNewest ? {} : { status: 200, data: { message: 'Success' } });
  await refused(publish(pubnub, room), 'Token is revoked');
});

example('revokeToken: a subscriber is told', async () => {
  const [room, pubnub] = [fresh('room'), guest()];
  const token = await grant({ channels: { [room]: { read: true } } });
  pubnub.setToken(token);
  const listener = await subscribed(pubnub, room);
  await admin().revokeToken(token);
  await denied(listener);
});

// --------------------------------------------------------------------------------------------------------- it runs out

/** A subscriber with a token of the shortest life. */
async function forAMinute() {
  const [room, pubnub, over] = [fresh('room'), guest(), Date.now() + 61_000];
  const token = await grant({ channels: { [room]: { read: true, write: true } } }, { ttl: 1 });
  pubnub.setToken(token);
  const listener = await subscribed(pubnub, room);
  return { room, pubnub, token, listener, wait: () => pause(over - Date.now()) };
}

longExample('a token runs out: the next call is refused', forAMinute, async ({ room, pubnub, token, wait }) => {
  await wait();
  await refused(publish(pubnub, room), 'Token is expired');
  await notGranted(admin().revokeToken(token), 400, 'Invalid token', 'revoke');
  pubnub.setToken(await grant({ channels: { [room]: { write: true } } }));
  await publish(pubnub, room);
});

longExample('a token runs out: a subscriber is told', forAMinute, async ({ listener, wait }) => {
  await wait();
  await denied(listener);
});

// -------------------------------------------------------------------------------------------------- the older way

example('grant: an auth key for a channel, audited and taken back', async () => {
  const [room, key, granting] = [fresh('room'), fresh('key'), admin()];
  const pubnub = guest('guest', { authKey: key });
  await refused(publish(pubnub, room), 'Forbidden', { channels: [room] });

  await granting.grant({ channels: [room], authKeys: [key], write: true, ttl: 15 });
  await publish(pubnub, room);
  const { auths } = await granting.audit({ channel: room, authKeys: [key] });
  same('audited', auths, { [key]: { r: 0, w: 1, m: 0, d: 0, g: 0, u: 0, j: 0, ttl: 15 } });

  await granting.grant({ channels: [room], authKeys: [key], write: false });
  await refused(publish(pubnub, room), 'Forbidden', { channels: [room] });
});

example('grant: groups and users', async () => {
  const [room, family, ann, key] = [fresh('room'), fresh('family'), fresh('ann'), fresh('key')];
  const [granting, pubnub] = [admin(), guest('guest', { authKey: key })];
  await granting.grant({ channelGroups: [family], authKeys: [key], manage: true, ttl: 15 });
  await pubnub.channelGroups.addChannels({ channelGroup: family, channels: [room] });
  await granting.grant({ uuids: [ann], authKeys: [key], update: true, get: true, ttl: 15 });
  await pubnub.objects.setUUIDMetadata({ uuid: ann, data: { name: 'Ann' } });
});
