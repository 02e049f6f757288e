// What a listener hears of App Context: users, channels and memberships that are set or removed.

import assert from 'node:assert/strict';

import { channels, members, memberships, sides, spaced, users } from './context.mjs';
import { Listener, client, example, fresh, isNewest, isTimetoken, same, withoutUndefined } from './harness.mjs';

/** A listener of the channel, once it is connected. */
async function subscribed(pubnub, channel) {
  const listener = new Listener(pubnub);
  pubnub.subscribe({ channels: [channel] });
  await listener.connected();
  return listener;
}

/** What the SDK says of an event beside the message, with the channel under the name that the listener's kind has. */
function aboutEvent(event, channelKey, channel) {
  const { timetoken, message, ...fields } = withoutUndefined(event);
  isTimetoken(timetoken);
  // A channel that is subscribed alone is its own subscription to the newest version; the last MIT one leaves that out.
  same('event', fields, isNewest ? { [channelKey]: channel, subscription: channel } : { [channelKey]: channel });
  return message;
}

/** The message of an event, without the origin and the form of it, which are checked where the SDK shows them. */
function messageOf(event, channelKey, channel) {
  const { source, version: form, ...message } = aboutEvent(event, channelKey, channel);
  same('source and version', [source, form], isNewest ? ['objects', '2.0'] : [undefined, undefined]);
  return message;
}

/** The data of a `set` event, without `updated` and `eTag`, which are those of the answer but for further digits. */
function dataOf({ updated, eTag, ...data }, answeredRecord) {
  same('eTag', eTag, answeredRecord.eTag);
  assert.ok(updated.startsWith(answeredRecord.updated.slice(0, -1)), `${updated} is not ${answeredRecord.updated}`);
  return data;
}

for (const [kind, ownKind, ownType] of [[users, 'user', 'user'], [channels, 'space', 'space']]) {
  example(`event: ${kind.key} set and removed`, async () => {
    const [id, admin] = [fresh('thing'), client(fresh('admin'))];
    const listener = await subscribed(client(fresh('ann')), id);
    const data = { name: 'Some Name', status: 'on', custom: { mood: 'fine' } };

    const { data: written } = await kind.set(admin, id, data);
    const set = messageOf(await listener.next('objects'), 'channel', id);
    same('set', { ...set, data: dataOf(set.data, written) }, { event: 'set', type: kind.key, data: { id, ...data } });

    // The same once more, as listeners of an older kind have it.
    const renamed = messageOf(await listener.next(ownKind), 'spaceId', id);
    same('set, renamed', { ...renamed, data: dataOf(renamed.data, written) }, {
      event: 'updated', type: ownType, data: { id, ...data },
    });

    // What a request does not name is absent; null is null.
    const { data: cleared } = await kind.set(admin, id, { custom: null });
    const second = messageOf(await listener.next('objects'), 'channel', id);
    same('cleared', dataOf(second.data, cleared), { id, custom: null });

    await kind.remove(admin, id);
    const removed = messageOf(await listener.next('objects'), 'channel', id);
    same('removed', removed, { event: 'delete', type: kind.key, data: { id } });
  });
}

example('event: uuid set, heard on a channel the user is a member of', async () => {
  const [uuid, channel, admin] = [fresh('ann'), fresh('room'), client(fresh('admin'))];
  await memberships.set(admin, uuid, [channel]);
  const listener = await subscribed(client(fresh('bob')), channel);

  const { data: written } = await users.set(admin, uuid, { name: 'Ann' });
  const set = messageOf(await listener.next('objects'), 'channel', channel);

  same('set', { ...set, data: dataOf(set.data, written) }, { event: 'set', type: 'uuid', data: { id: uuid, name: 'Ann' } });
});

for (const side of sides) {
  for (const heardAt of ['channel', 'uuid']) {
    example(`event:${spaced(side.name)} set and removed, heard on the ${heardAt}`, async () => {
      const [id, otherId, admin] = [fresh('owner'), fresh('other'), client(fresh('admin'))];
      const ids = { [side.owner.key]: { id }, [side.other.key]: { id: otherId } };
      const channel = ids[heardAt].id;
      const listener = await subscribed(client(fresh('bob')), channel);

      const result = await side.set(admin, id, [{ id: otherId, status: 'on', custom: { role: 'host' } }]);
      const set = messageOf(await listener.next('objects'), 'channel', channel);
      same('set', { ...set, data: dataOf(set.data, result.data[0]) }, {
        event: 'set', type: 'membership', data: { ...ids, status: 'on', custom: { role: 'host' } },
      });

      const renamed = messageOf(await listener.next('membership'), 'spaceId', channel);
      same('set, renamed', { ...renamed, data: dataOf(renamed.data, result.data[0]) }, {
        event: 'updated',
        type: 'membership',
        data: { user: ids.uuid, space: ids.channel, status: 'on', custom: { role: 'host' } },
      });

      await side.remove(admin, id, [otherId]);
      const removed = messageOf(await listener.next('objects'), 'channel', channel);
      same('removed', removed, { event: 'delete', type: 'membership', data: ids });
    });
  }
}

example('events: one for each change, none when nothing changed, in order', async () => {
  const [uuid, channel, admin] = [fresh('ann'), fresh('room'), client(fresh('admin'))];
  const listener = await subscribed(client(fresh('bob')), channel);

  for (const name of ['first', 'first', 'second', 'second', 'third']) {
    await channels.set(admin, channel, { name });
    await members.set(admin, channel, [{ id: uuid, custom: { role: 'host' } }]);
  }
  await members.remove(admin, channel, [uuid]);
  await members.remove(admin, channel, [uuid]);
  await channels.remove(admin, channel);
  await channels.remove(admin, channel);
  // What comes after all of them, on the same channel.
  await channels.set(admin, channel, { name: 'last' });

  const heard = [];
  while (heard.at(-1)?.at(-1) !== 'last') {
    const { event, type, data } = messageOf(await listener.next('objects'), 'channel', channel);
    heard.push([event, type, data.name]);
  }
  same('events', heard, [
    ['set', 'channel', 'first'],
    ['set', 'membership', undefined],
    ['set', 'channel', 'second'],
    ['set', 'channel', 'third'],
    ['delete', 'membership', undefined],
    ['delete', 'channel', undefined],
    ['set', 'channel', 'last'],
  ]);
});
