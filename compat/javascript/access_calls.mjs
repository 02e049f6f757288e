// Each call needs its permission: refused with a token that has every other one, let in with exactly that one, and let in
// when signed with the secret key.

import { admin, grant, guest, refusal, refused } from './access.mjs';
import { example, fresh, same } from './harness.mjs';

const every = {
  channels: ['read', 'write', 'manage', 'delete', 'get', 'update', 'join'],
  groups: ['read', 'manage'],
  uuids: ['delete', 'get', 'update'],
};

const onRoom = (permission) => [['channels', 'room', permission]];
const onFamily = (permission) => [['groups', 'family', permission]];
const onAnn = (permission) => [['uuids', 'ann', permission]];
const joins = [...onAnn('update'), ...onRoom('join')];

/** The calls of a family, each with what it needs: of a kind of name, which of the names, and one permission on it. */
const families = {
  'publish and signal': [
    [(pubnub, of) => pubnub.publish({ channel: of.room, message: { a: 'b c' }, meta: { m: "~*'()!" } }), onRoom('write')],
    [(pubnub, of) => pubnub.publish({ channel: of.room, message: { a: 1 }, sendByPost: true }), onRoom('write')],
    [(pubnub, of) => pubnub.signal({ channel: of.room, message: 'hi' }), onRoom('write')],
  ],
  presence: [
    [(pubnub, of) => pubnub.hereNow({ channels: [of.room] }), onRoom('read')],
    [(pubnub, of) => pubnub.hereNow({ channels: [of.room], channelGroups: [of.family] }),
      [...onRoom('read'), ...onFamily('read')]],
    [(pubnub, of) => pubnub.setState({ channels: [of.room], state: { mood: '~ fine!' } }), onRoom('read')],
    [(pubnub, of) => pubnub.getState({ channels: [of.room] }), onRoom('read')],
  ],
  groups: [
    [(pubnub, of) => pubnub.channelGroups.addChannels({ channelGroup: of.family, channels: [of.room] }),
      onFamily('manage')],
    [(pubnub, of) => pubnub.channelGroups.removeChannels({ channelGroup: of.family, channels: [of.room] }),
      onFamily('manage')],
    [(pubnub, of) => pubnub.channelGroups.deleteGroup({ channelGroup: of.family }), onFamily('manage')],
  ],
  users: [
    [(pubnub, of) => pubnub.objects.setUUIDMetadata({ uuid: of.ann, data: { name: "Ann ~ é'" } }), onAnn('update')],
    [(pubnub, of) => pubnub.objects.getUUIDMetadata({ uuid: of.ann }), onAnn('get')],
    [(pubnub, of) => pubnub.objects.removeUUIDMetadata({ uuid: of.ann }), onAnn('delete')],
  ],
  channels: [
    [(pubnub, of) => pubnub.objects.setChannelMetadata({ channel: of.room, data: { name: 'Room' } }), onRoom('update')],
    [(pubnub, of) => pubnub.objects.getChannelMetadata({ channel: of.room }), onRoom('get')],
    [(pubnub, of) => pubnub.objects.removeChannelMetadata({ channel: of.room }), onRoom('delete')],
  ],
  'memberships and members': [
    [(pubnub, of) => pubnub.objects.setMemberships({ uuid: of.ann, channels: [of.room] }), joins],
    [(pubnub, of) => pubnub.objects.getMemberships({ uuid: of.ann }), onAnn('get')],
    [(pubnub, of) => pubnub.objects.removeMemberships({ uuid: of.ann, channels: [of.room] }), joins],
    [(pubnub, of) => pubnub.objects.setChannelMembers({ channel: of.room, uuids: [of.ann] }), onRoom('manage')],
    [(pubnub, of) => pubnub.objects.getChannelMembers({ channel: of.room }), onRoom('get')],
    [(pubnub, of) => pubnub.objects.removeChannelMembers({ channel: of.room, uuids: [of.ann] }), onRoom('manage')],
  ],
};
const inContext = ['users', 'channels', 'memberships and members'];

const freshNames = () => ({ room: fresh('room'), family: fresh('family'), ann: fresh('ann') });

/** Permissions as a grant takes them, on each name that is needed: what `chosen` picks of all that there are. */
function resources(needs, names, chosen) {
  const found = {};
  for (const [kind, name, permission] of needs) {
    const picked = every[kind].filter((one) => chosen(one, permission));
    (found[kind] ??= {})[names[name]] = Object.fromEntries(picked.map((one) => [one, true]));
  }
  return found;
}

async function refusedInContext(call) {
  const { statusCode, errorData } = await refusal(call);
  same('status code', statusCode, 403);
  const { message, source } = errorData.error ?? errorData;
  same('source', source, 'objects');
  same('message', message,
    'Supplied authorization key does not have the permissions required to perform this operation.');
}

function payload(needs, names) {
  const named = (kind) => needs.filter(([one]) => one === kind).map(([, name]) => names[name]);
  const [channels, groups] = [named('channels'), named('groups').map((name) => `:${name}`)];
  return { ...(channels.length > 0 && { channels }), ...(groups.length > 0 && { 'channel-groups': groups }) };
}

for (const [family, calls] of Object.entries(families)) {
  example(`access: ${family} with exactly the permission that it needs, and with all others`, async () => {
    const [names, pubnub] = [freshNames(), guest()];
    for (const [call, needs] of calls) {
      pubnub.setToken(await grant(resources(needs, names, (one, needed) => one !== needed)));
      const asked = call(pubnub, names);
      if (inContext.includes(family)) await refusedInContext(asked);
      else await refused(asked, 'Forbidden', payload(needs, names));
      pubnub.setToken(await grant(resources(needs, names, (one, needed) => one === needed)));
      await call(pubnub, names);
    }
  });

  example(`access: ${family} signed with the secret key`, async () => {
    const [names, pubnub] = [freshNames(), admin()];
    for (const [call] of calls) await call(pubnub, names);
  });
}

example('access: what only the secret key may do', async () => {
  const pubnub = admin();
  await pubnub.hereNow({});
  await pubnub.objects.getAllUUIDMetadata();
  await pubnub.objects.getAllChannelMetadata();
  await pubnub.whereNow({ uuid: 'ann' });
  await pubnub.channelGroups.listChannels({ channelGroup: 'family' });
  await pubnub.channelGroups.listGroups();
});
