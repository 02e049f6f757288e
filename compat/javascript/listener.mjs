// What a listener hears: presence events of each kind, messages, signals; and what the subscriber's own presence does.

import assert from 'node:assert/strict';

import {
  Listener, byGroupPresence, byItsOwnName, client, example, fresh, intervalKeys, isNewest, join, leave, makeGroup,
  messageFields, occupants, presenceFields, same,
} from './harness.mjs';

/** A listener of the channel and its presence, once it is connected. */
async function subscribed(pubnub, channel) {
  const listener = new Listener(pubnub);
  pubnub.subscribe({ channels: [channel], withPresence: true });
  await listener.connected();
  return listener;
}

/** Lets a second pass, told by the server: a poll that reaches it after a leave call would join again. */
async function settle(listener, channel) {
  const clock = fresh('clock');
  await join(channel, clock, { seconds: 1 });
  await listener.presenceOf('timeout', clock);
}

/** What every presence event of a channel, subscribed by its name, has in common. */
const on = (channel) => ({ channel, subscription: byItsOwnName(`${channel}-pnpres`) });

// --------------------------------------------------------------------------------------------------- presence events

example('event: join', async () => {
  const [channel, bob] = [fresh('room'), fresh('bob')];
  const listener = await subscribed(client(fresh('ann')), channel);

  client(bob).subscribe({ channels: [channel] });

  same('event', presenceFields(await listener.presenceOf('join', bob)), {
    ...on(channel), action: 'join', uuid: bob, occupancy: 2,
  });
});

example('event: own join, 100 times', async () => {
  // The newest version sends a heartbeat beside its first poll. When the heartbeat comes first, it is what joins.
  for (let round = 0; round < 100; round += 1) {
    const [channel, ann] = [fresh('room'), fresh('ann')];
    const pubnub = client(ann);
    const listener = new Listener(pubnub);

    pubnub.subscribe({ channels: [channel], withPresence: true });

    same('event', presenceFields(await listener.presenceOf('join', ann)), {
      ...on(channel), action: 'join', uuid: ann, occupancy: 1,
    });
    pubnub.stop();
  }
});

example('event: join with state', async () => {
  const channel = fresh('room');
  const listener = await subscribed(client(fresh('ann')), channel);

  await join(channel, 'bob', { state: { mood: 'fine' } });
  const event = await listener.presenceOf('join', 'bob');

  same('event', presenceFields(event), {
    ...on(channel), action: 'join', uuid: 'bob', occupancy: 2, state: { mood: 'fine' },
  });
});

example('event: state-change', async () => {
  const [channel, bob] = [fresh('room'), fresh('bob')];
  await join(channel, bob);
  const listener = await subscribed(client(fresh('ann')), channel);

  await client(bob).setState({ channels: [channel], state: { age: 20 } });
  const event = await listener.presenceOf('state-change', bob);

  same('event', presenceFields(event), {
    ...on(channel), action: 'state-change', uuid: bob, occupancy: 2, state: { age: 20 },
  });
});

example('event: leave, by unsubscribe', async () => {
  const [channel, bob] = [fresh('room'), fresh('bob')];
  const listener = await subscribed(client(fresh('ann')), channel);
  const other = client(bob);
  other.subscribe({ channels: [channel] });
  await listener.presenceOf('join', bob);

  other.unsubscribe({ channels: [channel] });
  const event = await listener.presenceOf('leave', bob);

  same('event', presenceFields(event), { ...on(channel), action: 'leave', uuid: bob, occupancy: 1 });
});

example('event: leave with the last state', async () => {
  const channel = fresh('room');
  await join(channel, 'bob', { state: { mood: 'fine' } });
  const listener = await subscribed(client(fresh('ann')), channel);

  await leave(channel, 'bob');
  const event = await listener.presenceOf('leave', 'bob');

  same('event', presenceFields(event), {
    ...on(channel), action: 'leave', uuid: 'bob', occupancy: 1, state: { mood: 'fine' },
  });
});

example('event: timeout', async () => {
  const channel = fresh('room');
  const listener = await subscribed(client(fresh('ann')), channel);

  await join(channel, 'ghost', { seconds: 2 });
  const joined = await listener.presenceOf('join', 'ghost');
  const event = await listener.presenceOf('timeout', 'ghost');

  same('event', presenceFields(event), { ...on(channel), action: 'timeout', uuid: 'ghost', occupancy: 1, state: {} });
  const seconds = Number(BigInt(event.timetoken) - BigInt(joined.timetoken)) / 10_000_000;
  assert.ok(seconds > 1.9 && seconds < 3.5, `the timeout of 2 s took ${seconds} s`);
});

example('event: interval with deltas', async () => {
  const channel = fresh('hall');
  const pubnub = client(fresh('ann'), intervalKeys);
  const listener = new Listener(pubnub);
  pubnub.subscribe({ channels: [`${channel}-pnpres`] });
  await listener.connected();

  // Two joins are announced one by one; above two occupants the channel is in interval mode.
  await join(channel, ['u1', 'u2'], { keySet: intervalKeys });
  const announced = [await listener.next('presence'), await listener.next('presence')];
  await join(channel, ['u3', 'u4', 'u5'], { keySet: intervalKeys });
  await join(channel, 'ghost', { seconds: 2, keySet: intervalKeys });

  const deltas = { join: [], leave: [], timeout: [] };
  let lastOccupancy;
  while (deltas.timeout.length === 0) {
    const { occupancy, join: joined, leave: left, timeout, ...fields } = presenceFields(await listener.next('presence'));
    deltas.join.push(...(joined ?? []));
    deltas.leave.push(...(left ?? []));
    deltas.timeout.push(...(timeout ?? []));
    lastOccupancy = occupancy;
    const expected = { ...on(channel), action: 'interval' };
    same('interval event', fields, isNewest ? { ...expected, hereNowRefresh: false } : expected);
    // Who leaves before the join was told need not be told of at all.
    if (deltas.join.includes('u4') && !deltas.leave.includes('u4')) {
      await leave(channel, 'u4', { keySet: intervalKeys });
    }
  }

  same('announced', announced.map(({ action, uuid }) => [action, uuid]), [['join', 'u1'], ['join', 'u2']]);
  same('deltas', deltas, { join: ['u3', 'u4', 'u5', 'ghost'], leave: ['u4'], timeout: ['ghost'] });
  same('occupancy at the end', lastOccupancy, 4);
});

// ----------------------------------------------------------------------------------------------- messages and signals

example('message', async () => {
  const [channel, bob] = [fresh('room'), fresh('bob')];
  const listener = await subscribed(client(fresh('ann')), channel);

  const message = { text: 'bonjour, ça va ?', n: [1, 2.5, null] };
  const sent = await client(bob).publish({ channel, message, meta: { lang: 'fr' } });
  const heard = await listener.next('message');

  same('message', messageFields(heard), {
    channel, subscription: byItsOwnName(channel), publisher: bob, message, userMetadata: { lang: 'fr' },
  });
  same('timetoken', heard.timetoken, sent.timetoken);
});

if (isNewest) {
  example('message: custom type', async () => {
    const [channel, bob] = [fresh('room'), fresh('bob')];
    const listener = await subscribed(client(fresh('ann')), channel);

    await client(bob).publish({ channel, message: 'hi', customMessageType: 'greeting' });

    same('message', messageFields(await listener.next('message')), {
      channel, subscription: channel, publisher: bob, message: 'hi', customMessageType: 'greeting',
    });
  });
}

example('message: filtered by meta', async () => {
  const channel = fresh('room');
  const pubnub = client(fresh('ann'), { filterExpression: "lang == 'fr'" });
  pubnub.setFilterExpression("lang == 'fr'");
  const listener = await subscribed(pubnub, channel);

  const other = client(fresh('bob'));
  await other.publish({ channel, message: 'hello', meta: { lang: 'en' } });
  await other.publish({ channel, message: 'bonjour', meta: { lang: 'fr' } });

  same('first message', (await listener.next('message')).message, 'bonjour');
});

example('message: of a channel subscribed alone', async () => {
  const [channel, bob] = [fresh('room'), fresh('bob')];
  const pubnub = client(fresh('ann'));
  const listener = new Listener(pubnub);
  pubnub.subscribe({ channels: [channel] });
  await listener.connected();

  await client(bob).publish({ channel, message: 'hi' });

  // No match comes along then. The newest version puts the channel in its place, the last MIT one leaves it out.
  const fields = { channel, publisher: bob, message: 'hi' };
  same('message', messageFields(await listener.next('message')), isNewest ? { ...fields, subscription: channel } : fields);
});

example('signal: heard', async () => {
  const [channel, bob] = [fresh('room'), fresh('bob')];
  const listener = await subscribed(client(fresh('ann')), channel);

  const sent = await client(bob).signal({ channel, message: { typing: true } });
  const heard = await listener.next('signal');

  same('signal', messageFields(heard), {
    channel, subscription: byItsOwnName(channel), publisher: bob, message: { typing: true },
  });
  same('timetoken', heard.timetoken, sent.timetoken);
});

example('subscribe to a pattern', async () => {
  const [lobby, bob] = [fresh('lobby'), fresh('bob')];
  const pubnub = client(fresh('ann'));
  const listener = new Listener(pubnub);
  pubnub.subscribe({ channels: [`${lobby}.*`] });
  await listener.connected();

  await client(bob).publish({ channel: `${lobby}.north`, message: 'hi' });

  same('message', messageFields(await listener.next('message')), {
    channel: `${lobby}.north`, subscription: `${lobby}.*`, publisher: bob, message: 'hi',
  });
});

example('subscribe to a channel group', async () => {
  const [group, room, hall, ann, bob] = [fresh('group'), fresh('room'), fresh('hall'), fresh('ann'), fresh('bob')];
  await makeGroup(group, room);
  const pubnub = client(ann);
  const listener = new Listener(pubnub);

  pubnub.subscribe({ channelGroups: [group], withPresence: true });
  await listener.connected();
  await join(room, 'cho');
  same('join of a member', presenceFields(await listener.presenceOf('join', 'cho')), {
    channel: room, subscription: byGroupPresence(group), action: 'join', uuid: 'cho', occupancy: 2,
  });

  // A member added while the poll is open takes part from the next poll on, which joins it.
  await makeGroup(group, hall);
  const own = await listener.next('presence', ({ uuid, channel }) => uuid === ann && channel === hall);
  same('own join', own.action, 'join');
  await client(bob).publish({ channel: hall, message: 'hi' });
  same('message', messageFields(await listener.next('message')), {
    channel: hall, subscription: group, publisher: bob, message: 'hi',
  });
});

// ---------------------------------------------------------------------------------------- the subscriber's own presence

example('subscribe joins, unsubscribe leaves', async () => {
  const [room, hall, ann] = [fresh('a_room'), fresh('b_hall'), fresh('ann')];
  const watcher = client(fresh('bob'));
  const heard = new Listener(watcher);
  watcher.subscribe({ channels: [`${room}-pnpres`, `${hall}-pnpres`] });
  await heard.connected();

  const pubnub = client(ann);
  const listener = new Listener(pubnub);
  pubnub.subscribe({ channels: [room, hall] });
  await listener.connected();
  same('where now', (await pubnub.whereNow({})).channels.sort(), [room, hall]);
  await settle(heard, hall);

  pubnub.unsubscribe({ channels: [room] });
  same('left', (await heard.presenceOf('leave', ann)).channel, room);
  same('where now after one', await pubnub.whereNow({}), { channels: [hall] });
  await settle(heard, hall);

  pubnub.unsubscribeAll();
  same('left', (await heard.presenceOf('leave', ann)).channel, hall);
  same('where now after all', await pubnub.whereNow({}), { channels: [] });
});

example('a second subscribe keeps the first', async () => {
  const [room, hall] = [fresh('a_room'), fresh('b_hall')];
  const pubnub = client(fresh('ann'));
  const listener = await subscribed(pubnub, room);

  pubnub.subscribe({ channels: [hall], withPresence: true });
  await listener.next('presence', ({ channel }) => channel === hall);
  const other = client(fresh('bob'));
  for (const channel of [room, hall]) {
    await other.publish({ channel, message: 'hi' });
    same('channel', (await listener.next('message')).channel, channel);
  }
});

example('heartbeats keep a member present', async () => {
  const [channel, ann] = [fresh('room'), fresh('ann')];
  const watcher = client(fresh('bob'));
  const heard = new Listener(watcher);
  watcher.subscribe({ channels: [`${channel}-pnpres`] });
  await heard.connected();
  client(ann, { heartbeatInterval: 1 }).subscribe({ channels: [channel] });
  await heard.presenceOf('join', ann);

  // Without the heartbeats that the SDK sends each second, ann would lapse before the clock does.
  await join(channel, ann, { seconds: 3 });
  await join(channel, 'clock', { seconds: 5 });
  const lapsed = await heard.next('presence', ({ action }) => action === 'timeout');

  same('who lapsed', lapsed.uuid, 'clock');
  same('occupants', await occupants(channel), [ann]);
});
