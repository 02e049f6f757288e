// The calls of App Context, as this SDK spells them: promises, and callbacks where the last word is "callback".

import assert from 'node:assert/strict';

import { answer, client, example, fresh, isNewest, isRecent, same, succeeded, withoutUndefined } from './harness.mjs';

const notFound = 'Requested object was not found.';
const invalidInput = 'Request payload contained invalid input.';

// ------------------------------------------------------------------------------------------------ the records to expect

/** Users or channels: their calls, and a record as it is answered when all else is null. */
export const users = {
  name: 'UUID',
  key: 'uuid',
  modified: 'User to update has been modified after it was read.',
  get: (pubnub, id, more) => pubnub.objects.getUUIDMetadata({ uuid: id, ...more }),
  getAll: (pubnub, ...more) => pubnub.objects.getAllUUIDMetadata(...more),
  set: (pubnub, id, data, more) => pubnub.objects.setUUIDMetadata({ uuid: id, data, ...more }),
  remove: (pubnub, id) => pubnub.objects.removeUUIDMetadata({ uuid: id }),
  embedded: (id, fields) => ({ id, name: null, externalId: null, profileUrl: null, email: null, ...fields }),
};
export const channels = {
  name: 'Channel',
  key: 'channel',
  modified: 'Channel to update has been modified after it was read.',
  get: (pubnub, id, more) => pubnub.objects.getChannelMetadata({ channel: id, ...more }),
  getAll: (pubnub, ...more) => pubnub.objects.getAllChannelMetadata(...more),
  set: (pubnub, id, data, more) => pubnub.objects.setChannelMetadata({ channel: id, data, ...more }),
  remove: (pubnub, id) => pubnub.objects.removeChannelMetadata({ channel: id }),
  embedded: (id, fields) => ({ id, name: null, description: null, ...fields }),
};
const kinds = [users, channels];

/** Both versions ask for `status` and `type` wherever they read or set a user or channel. */
const listed = (kind, id, fields) => ({ ...kind.embedded(id), status: null, type: null, ...fields });

/** One record: `custom` is asked for, too. */
const record = (kind, id, fields) => ({ ...listed(kind, id), custom: null, ...fields });

/**
 * A list of memberships: those of a user, or those of a channel, which are its members.
 *
 * Where a caller asks for nothing, the SDK asks for what is `unasked` of the membership, and for `status` and `type` of what
 * it joins: the newest version when it sets or removes, the last MIT one always.
 */
export const memberships = {
  name: 'Memberships',
  owner: users,
  other: channels,
  get: (pubnub, id, more) => pubnub.objects.getMemberships({ uuid: id, ...more }),
  set: (pubnub, id, entries, more) => pubnub.objects.setMemberships({ uuid: id, channels: entries, ...more }),
  remove: (pubnub, id, ids, more) => pubnub.objects.removeMemberships({ uuid: id, channels: ids, ...more }),
  include: { customFields: true, channelFields: true, customChannelFields: true },
  includeAll: {
    customFields: true, statusField: true, typeField: true, totalCount: true,
    channelFields: true, customChannelFields: true, channelStatusField: true, channelTypeField: true,
  },
  unasked: { status: null },
};
export const members = {
  name: 'ChannelMembers',
  owner: channels,
  other: users,
  get: (pubnub, id, more) => pubnub.objects.getChannelMembers({ channel: id, ...more }),
  set: (pubnub, id, entries, more) => pubnub.objects.setChannelMembers({ channel: id, uuids: entries, ...more }),
  remove: (pubnub, id, ids, more) => pubnub.objects.removeChannelMembers({ channel: id, uuids: ids, ...more }),
  include: { customFields: true, UUIDFields: true, customUUIDFields: true },
  includeAll: {
    customFields: true, statusField: true, typeField: true, totalCount: true,
    UUIDFields: true, customUUIDFields: true, UUIDStatusField: true, UUIDTypeField: true,
  },
  unasked: { type: null },
};
export const sides = [memberships, members];

/** What a membership shows of itself, and what it joins, when the SDK adds to the request what nobody asked for. */
const own = (side, asked) => (isNewest && asked === 'get' ? {} : side.unasked);
const joined = (asked) => (isNewest && asked === 'get' ? {} : { status: null, type: null });

/** Ids of what the memberships of a list join. */
const idsOf = (side, result) => result.data.map((membership) => membership[side.other.key].id);

// --------------------------------------------------------------------------------------------------------------- checks

/** A record or membership without `updated` and `eTag`, which are checked, here and in what it embeds. */
function plain({ updated, eTag, ...fields }) {
  assert.match(updated, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z$/, `not a time in UTC: ${updated}`);
  isRecent('updated', Date.parse(updated) / 1000);
  assert.ok(typeof eTag === 'string' && eTag !== '', `not an eTag: ${eTag}`);
  for (const key of ['channel', 'uuid']) if (fields[key]?.updated !== undefined) fields[key] = plain(fields[key]);
  return fields;
}

function onePlain(result) {
  same('keys', Object.keys(withoutUndefined(result)).sort(), ['data', 'status']);
  same('status', result.status, 200);
  return plain(result.data);
}

/** The records of a whole list, which was asked for without a count. */
function allPlain(result) {
  const { status, data, next, ...others } = withoutUndefined(result);
  same('status', status, 200);
  same('type of next', typeof next, data.length === 0 ? 'undefined' : 'string');
  same('other keys', others, {});
  return data.map(plain);
}

/** A call is refused in the form of App Context. */
async function refused(statusCode, message, call) {
  let error;
  try {
    await call;
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error !== undefined, `expected ${statusCode}, but the call succeeded`);
  refusedStatus(statusCode, message, error.status ?? assert.fail(error));
}

function refusedStatus(statusCode, message, status) {
  same('error', status.error, true);
  same('status code', status.statusCode, statusCode);
  // The newest version keeps the whole body, the last MIT one only what the body says of the error.
  const { error } = isNewest ? status.errorData : { error: status.errorData.error ?? status.errorData };
  same('message', error.message, message);
  same('source', error.source, 'objects');
}

/** The answer of a call with a callback that should succeed. */
async function answered(operation, call) {
  const { callback, answered: coming } = answer();
  call(callback);
  const { status, response } = await coming;
  succeeded(status, operation);
  return response;
}

// ---------------------------------------------------------------------------------------------------------------- users

example('objects: set UUID metadata', async () => {
  const [pubnub, uuid] = [client(fresh('admin')), fresh('Some UUID')];
  const data = {
    name: 'Some Name',
    status: 'Active',
    type: 'User',
    email: 'test@example.com',
    profileUrl: 'http://example.com',
    externalId: '1234567890',
    custom: { key1: 'val1', key2: 'val2' },
  };

  const written = await pubnub.objects.setUUIDMetadata({ uuid, data, include: { customFields: true } });
  const read = await pubnub.objects.getUUIDMetadata({ uuid });

  same('user', onePlain(written), { id: uuid, ...data });
  same('user, read afterwards', read.data, written.data);
});

example('objects: set and get UUID metadata, own user, callback', async () => {
  const userId = fresh('ann');
  const { objects } = client(userId);

  const data = { name: 'Ann', custom: { key1: 'val1' } };
  const written = await answered('PNSetUUIDMetadataOperation', (callback) => objects.setUUIDMetadata({ data }, callback));
  const read = await answered('PNGetUUIDMetadataOperation', (callback) => objects.getUUIDMetadata({}, callback));

  same('user', onePlain(written), record(users, userId, data));
  same('user, read afterwards', read.data, written.data);
});

example('objects: remove UUID metadata, own user, callback', async () => {
  const userId = fresh('ann');
  const pubnub = client(userId);
  await users.set(pubnub, userId, { name: 'Ann' });

  const operation = 'PNRemoveUUIDMetadataOperation';
  const result = await answered(operation, (callback) => pubnub.objects.removeUUIDMetadata({}, callback));

  same('result', result, { status: 200, data: null });
  await refused(404, notFound, users.get(pubnub, userId));
});

example('objects: get all UUID metadata, callback', async () => {
  await getAll(users, 'PNGetAllUUIDMetadataOperation');
});

// ------------------------------------------------------------------------------------------------------------- channels

example('objects: set channel metadata', async () => {
  const [pubnub, channel] = [client(fresh('admin')), fresh('channel id')];
  const data = {
    name: 'Channel Name',
    description: 'Description',
    status: 'Archived',
    type: 'Archived',
    custom: { key1: 'val1', key2: 'val2' },
  };

  const written = await pubnub.objects.setChannelMetadata({ channel, data, include: { customFields: true } });
  const read = await pubnub.objects.getChannelMetadata({ channel });

  same('channel', onePlain(written), { id: channel, ...data });
  same('channel, read afterwards', read.data, written.data);
});

example('objects: set, get and remove channel metadata, callback', async () => {
  const channel = fresh('channel');
  const { objects } = client(fresh('admin'));
  const data = { name: 'Channel Name', custom: { key1: 'val1' } };

  const written = await answered('PNSetChannelMetadataOperation', (callback) => {
    objects.setChannelMetadata({ channel, data }, callback);
  });
  const read = await answered('PNGetChannelMetadataOperation', (callback) => {
    objects.getChannelMetadata({ channel }, callback);
  });
  const removed = await answered('PNRemoveChannelMetadataOperation', (callback) => {
    objects.removeChannelMetadata({ channel }, callback);
  });

  same('channel', onePlain(written), record(channels, channel, data));
  same('channel, read afterwards', read.data, written.data);
  same('removed', removed, { status: 200, data: null });
  const { callback, answered: coming } = answer();
  objects.getChannelMetadata({ channel }, callback);
  refusedStatus(404, notFound, (await coming).status);
});

example('objects: get all channel metadata, callback', async () => {
  await getAll(channels, 'PNGetAllChannelMetadataOperation');
});

async function getAll(kind, operation) {
  const pubnub = client(fresh('asker'));
  // Sorts before every other record, so that it is on the first page whatever else the server holds.
  const id = `0 ${fresh('record')}`;
  await kind.set(pubnub, id, { custom: { key1: 'val1' } });

  const asked = { include: { customFields: true, totalCount: true }, limit: 10, sort: { id: 'asc', updated: 'desc' } };
  const found = await answered(operation, (callback) => kind.getAll(pubnub, asked, callback));
  await kind.remove(pubnub, id);

  same('records', found.data.length, Math.min(10, found.totalCount));
  same('the record', found.data.filter((one) => one.id === id).map(plain), [
    record(kind, id, { custom: { key1: 'val1' } }),
  ]);
  same('types of next and prev', [typeof found.next, typeof found.prev], ['string', 'undefined']);
}

if (isNewest) {
  example('objects: iteratively update existing metadata', async () => {
    const [pubnub, channel] = [client(fresh('admin')), fresh('channel')];

    /** Reads, merges and writes, again from the start when another has written in between. */
    async function addToCustom(added, meanwhile) {
      const { data: read } = await pubnub.objects.getChannelMetadata({ channel });
      await meanwhile?.();
      try {
        const data = { custom: { ...read.custom, ...added } };
        return await pubnub.objects.setChannelMetadata({ channel, data, ifMatchesEtag: read.eTag });
      } catch (error) {
        same('status code', error.status?.statusCode, 412);
        return addToCustom(added);
      }
    }

    await pubnub.objects.setChannelMetadata({ channel, data: { custom: { topic: 'tea' } } });
    const last = await addToCustom({ ann: 1 }, () => addToCustom({ bob: 2 }));

    same('custom', last.data.custom, { topic: 'tea', bob: 2, ann: 1 });
  });
}

// ------------------------------------------------------------------------------------------ users and channels: the rest

for (const kind of kinds) {
  const about = `${kind.name} metadata`;

  example(`objects: get ${about}, unknown`, async () => {
    await refused(404, notFound, kind.get(client(fresh('asker')), fresh('unknown')));
  });

  example(`objects: get ${about}, without custom`, async () => {
    const [pubnub, id] = [client(fresh('asker')), fresh('record')];
    await kind.set(pubnub, id, { name: 'Some Name', custom: { a: 1 } });
    const read = await kind.get(pubnub, id, { include: { customFields: false } });
    same('record', onePlain(read), listed(kind, id, { name: 'Some Name' }));
  });

  example(`objects: set ${about}, left out is kept, null clears`, async () => {
    const [pubnub, id] = [client(fresh('admin')), fresh('record')];
    await kind.set(pubnub, id, { name: 'Some Name', status: 'on', custom: { a: 1, b: null, c: 'ü 😀', d: false } });
    await kind.set(pubnub, id, { type: 'kind' });
    const kept = await kind.get(pubnub, id);
    await kind.set(pubnub, id, { name: null, custom: null });
    const cleared = await kind.get(pubnub, id);

    same('kept', onePlain(kept), record(kind, id, {
      name: 'Some Name', status: 'on', type: 'kind', custom: { a: 1, b: null, c: 'ü 😀', d: false },
    }));
    same('cleared', onePlain(cleared), record(kind, id, { status: 'on', type: 'kind' }));
  });

  example(`objects: set ${about}, ids of every kind`, async () => {
    const [pubnub, prefix] = [client(fresh('admin')), fresh('r')];
    for (const rest of ['ü 😀', '%2F', '+&=?#;@', '\'"()<>[]{}|^`', '.'.repeat(92 - prefix.length)]) {
      const id = prefix + rest;
      same('set', onePlain(await kind.set(pubnub, id, { name: rest })), record(kind, id, { name: rest }));
      same('got', (await kind.get(pubnub, id)).data.id, id);
    }
    for (const rest of ['a/b', 'a,b', 'a\\b', 'a*', 'a:b', '\u0007', '.'.repeat(93 - prefix.length)]) {
      await refused(400, invalidInput, kind.set(pubnub, prefix + rest, { name: 'Some Name' }));
    }
  });

  example(`objects: set ${about}, the same again`, async () => {
    const [pubnub, id] = [client(fresh('admin')), fresh('record')];
    const first = await kind.set(pubnub, id, { name: 'Some Name', custom: { a: 1, b: 2 } });
    const again = await kind.set(pubnub, id, { custom: { b: 2, a: 1 }, name: 'Some Name' });
    const other = await kind.set(pubnub, id, { name: 'Other Name' });

    same('record, set again', again.data, first.data);
    assert.notEqual(other.data.eTag, first.data.eTag, 'a change should give a new eTag');
    assert.ok(other.data.updated > first.data.updated, 'a change should be later');
  });

  example(`objects: set ${about}, nested custom is refused`, async () => {
    const [pubnub, id] = [client(fresh('admin')), fresh('record')];
    await refused(400, invalidInput, kind.set(pubnub, id, { custom: { address: { city: 'Oslo' } } }));
    await refused(404, notFound, kind.get(pubnub, id));
  });

  example(`objects: remove ${about}, what is there and what is not`, async () => {
    const [pubnub, id] = [client(fresh('admin')), fresh('record')];
    await kind.set(pubnub, id, { name: 'Some Name' });
    same('removed', await kind.remove(pubnub, id), { status: 200, data: null });
    await refused(404, notFound, kind.get(pubnub, id));
    same('removed again', await kind.remove(pubnub, id), { status: 200, data: null });
  });

  if (isNewest) {
    example(`objects: set ${about}, ifMatchesEtag`, async () => {
      const [pubnub, id] = [client(fresh('admin')), fresh('record')];
      const { data: read } = await kind.set(pubnub, id, { name: 'Some Name' });
      const ifMatchesEtag = read.eTag;

      const changed = await kind.set(pubnub, id, { name: 'Second' }, { ifMatchesEtag });
      same('changed', onePlain(changed), record(kind, id, { name: 'Second' }));

      await refused(412, kind.modified, kind.set(pubnub, id, { name: 'Third' }, { ifMatchesEtag }));
      await refused(412, kind.modified, kind.set(pubnub, id, { name: 'Second' }, { ifMatchesEtag }));
      await refused(412, kind.modified, kind.set(pubnub, fresh('unknown'), { name: 'Third' }, { ifMatchesEtag }));
      same('kept', (await kind.get(pubnub, id)).data, changed.data);
    });
  }

  example(`objects: get all ${about}, filter, sort and count`, async () => {
    const pubnub = client(fresh('asker'));
    const prefix = fresh('r');
    const [ann, bob, cho, dan] = ['ann', 'bob', 'cho', 'dan'].map((name) => `${prefix}-${name}`);
    await kind.set(pubnub, ann, { name: 'Lee, Ann', custom: { team: 'red', age: 30 } });
    await kind.set(pubnub, bob, { name: 'Bob\'s "%" & + ü', custom: { team: 'blue', age: 20 } });
    await kind.set(pubnub, cho, { status: 'on', custom: { team: 'red', age: 7 } });
    await kind.set(pubnub, dan, { name: 'Lee, Dan', type: 'kind' });

    async function found(expression, sort) {
      const filter = `id LIKE '${prefix}-*' && (${expression})`;
      const result = await kind.getAll(pubnub, { filter, include: { totalCount: true }, ...(sort ? { sort } : {}) });
      same('totalCount', result.totalCount, result.data.length);
      return result.data.map(({ id }) => id);
    }

    same('equal', await found("name == 'Lee, Ann'"), [ann]);
    same('escaped', await found(`name == 'Bob\\'s "%" & + ü'`), [bob]);
    same('pattern', await found("name LIKE 'Lee*'"), [ann, dan]);
    same('unset', await found('name == null'), [cho]);
    same('negated', await found("!(name LIKE 'Lee*')"), [bob]);
    same('status or type', await found("status == 'on' || type == 'kind'"), [cho, dan]);
    same('custom text', await found("custom.team == 'red'"), [ann, cho]);
    same('custom number', await found('custom.age >= 20'), [ann, bob]);
    same('none', await found("name == 'nobody'"), []);

    same('by id, descending', await found('id != null', { id: 'desc' }), [dan, cho, bob, ann]);
    same('by name', await found('id != null', { name: 'asc' }), [bob, ann, dan, cho]);
    same('by name, no direction', await found('id != null', { name: null }), [bob, ann, dan, cho]);
    same('by status and updated', await found('id != null', { status: 'asc', updated: 'desc' }), [cho, dan, bob, ann]);

    await refused(400, invalidInput, kind.getAll(pubnub, { filter: "name = 'Ann'" }));
    await refused(400, invalidInput, kind.getAll(pubnub, { sort: { nothing: 'asc' } }));
  });

  example(`objects: get all ${about}, whole records by filter`, async () => {
    const [pubnub, prefix] = [client(fresh('asker')), fresh('r')];
    const [ann, bob] = [`${prefix}-ann`, `${prefix}-bob`];
    await kind.set(pubnub, ann, { name: 'Ann', custom: { age: 30 } });
    await kind.set(pubnub, bob, {});
    const filter = `id LIKE '${prefix}*'`;

    same('with custom', allPlain(await kind.getAll(pubnub, { filter, include: { customFields: true } })), [
      record(kind, ann, { name: 'Ann', custom: { age: 30 } }), record(kind, bob),
    ]);
    same('without', allPlain(await kind.getAll(pubnub, { filter })), [
      listed(kind, ann, { name: 'Ann' }), listed(kind, bob),
    ]);
  });

  example(`objects: get all ${about}, pages`, async () => {
    const [pubnub, prefix] = [client(fresh('asker')), fresh('r')];
    const ids = [1, 2, 3, 4, 5].map((number) => `${prefix}-${number}`);
    for (const id of ids) await kind.set(pubnub, id, {});

    const asked = { filter: `id LIKE '${prefix}-*'`, include: { totalCount: true }, limit: 2 };
    await inPages(ids, (page) => kind.getAll(pubnub, { ...asked, ...page }), (result) => result.data.map(({ id }) => id));
  });
}

/** Walks through a list of five, two at a time, to its end and back. */
async function inPages(ids, getPage, idsOfPage) {
  const page = async (page) => {
    const result = await getPage(page === undefined ? {} : { page });
    same('totalCount', result.totalCount, 5);
    return { ids: idsOfPage(result), next: result.next, prev: result.prev };
  };
  const shape = ({ ids, next, prev }) => [ids, typeof next, typeof prev];

  const first = await page();
  same('first page', shape(first), [ids.slice(0, 2), 'string', 'undefined']);
  const second = await page({ next: first.next });
  same('second page', shape(second), [ids.slice(2, 4), 'string', 'string']);
  const third = await page({ next: second.next });
  same('last page', shape(third), [ids.slice(4), 'string', 'string']);
  const beyond = await page({ next: third.next });
  same('past the end', [beyond.ids, beyond.next], [[], undefined]);
  same('back to the second page', (await page({ prev: third.prev })).ids, ids.slice(2, 4));
  same('back to the first page', (await page({ prev: second.prev })).ids, ids.slice(0, 2));
  same('next wins over prev', (await page({ next: second.next, prev: second.prev })).ids, ids.slice(4));
}

// ----------------------------------------------------------------------------------------------- memberships and members

for (const side of sides) {
  const { owner, other } = side;

  /** A membership of the list with what `include` of the side asks for. */
  const membership = (asked, id, fields, custom = null) => ({
    [other.key]: other.embedded(id, { ...joined(asked), custom: null, ...fields }), ...own(side, asked), custom,
  });

  /** Two records to be joined: with a name, and with `custom`, too. */
  async function twoOthers(pubnub) {
    const [plainId, customId] = [fresh('a_some'), fresh('b_some_with_custom')];
    await other.set(pubnub, plainId, { name: 'some name' });
    await other.set(pubnub, customId, { name: 'some name with custom', custom: { key3: 'val1' } });
    return [plainId, customId];
  }

  const plainFields = { name: 'some name' };
  const customFields = { name: 'some name with custom', custom: { key3: 'val1' } };

  example(`objects: set, get and remove${spaced(side.name)}`, async () => {
    const [pubnub, id] = [client(fresh('admin')), fresh('owner')];
    const [plainId, customId] = await twoOthers(pubnub);
    const { include } = side;

    const set = await side.set(pubnub, id, [plainId, { id: customId, custom: { role: 'host' } }], { include });
    const got = await side.get(pubnub, id, { include });
    const removed = await side.remove(pubnub, id, [plainId], { include });

    same('set', allPlain(set), [
      membership('set', plainId, plainFields), membership('set', customId, customFields, { role: 'host' }),
    ]);
    same('got', allPlain(got), [
      membership('get', plainId, plainFields), membership('get', customId, customFields, { role: 'host' }),
    ]);
    same('removed', allPlain(removed), [membership('remove', customId, customFields, { role: 'host' })]);
    same('removed again', allPlain(await side.remove(pubnub, id, [plainId], { include })), allPlain(removed));
  });

  example(`objects: set, get and remove${spaced(side.name)}, callback`, async () => {
    const { objects } = client(fresh('admin'));
    const [id, otherId] = [fresh('owner'), fresh('other')];
    const { include } = side;
    const [ownerAsked, entries] = side === memberships ? [{ uuid: id }, 'channels'] : [{ channel: id }, 'uuids'];
    const one = (asked) => ({ [other.key]: { id: otherId }, ...own(side, asked), custom: null });
    // This SDK calls reading members, and removing either, by the name of setting them.
    const [setting, getting] = side === memberships
      ? ['PNSetMembershipsOperation', 'PNGetMembershipsOperation']
      : ['PNSetMembersOperation', isNewest ? 'PNSetMembersOperation' : 'PNGetMembersOperation'];

    const asked = { ...ownerAsked, [entries]: [otherId], include };
    const set = await answered(setting, (callback) => objects[`set${side.name}`](asked, callback));
    const got = await answered(getting, (callback) => objects[`get${side.name}`]({ ...ownerAsked, include }, callback));
    const removed = await answered(setting, (callback) => objects[`remove${side.name}`](asked, callback));

    same('set', allPlain(set), [one('set')]);
    same('got', allPlain(got), [one('get')]);
    same('removed', allPlain(removed), []);
  });

  example(`objects: set${spaced(side.name)}, the same again, custom replaced whole`, async () => {
    const [pubnub, id, otherId] = [client(fresh('admin')), fresh('owner'), fresh('other')];
    const setTo = async (entry) => {
      const result = await side.set(pubnub, id, [entry], { include: { customFields: true } });
      return result.data[0];
    };

    const first = await setTo({ id: otherId, custom: { a: 1, b: 'x' } });
    same('set again', await setTo({ id: otherId, custom: { b: 'x', a: 1 } }), first);
    const changed = await setTo({ id: otherId, custom: { c: false } });
    same('changed', changed.custom, { c: false });
    assert.notEqual(changed.eTag, first.eTag, 'a change should give a new eTag');
    assert.ok(changed.updated > first.updated, 'a change should be later');
    same('left out is kept', await setTo(otherId), changed);
  });

  if (isNewest) {
    example(`objects: set${spaced(side.name)}, custom, status and type`, async () => {
      const [pubnub, id] = [client(fresh('admin')), fresh('owner')];
      const [plainId, fullId] = [fresh('a'), fresh('b')];
      const fields = { name: 'B', status: 'open', type: 'kind', custom: { own: true } };
      await other.set(pubnub, fullId, fields);

      const entry = { id: fullId, status: 'active', type: 'member', custom: { role: 'host' } };
      const result = await side.set(pubnub, id, [plainId, entry], { include: side.includeAll });

      same('totalCount', result.totalCount, 2);
      same('memberships', result.data.map(plain), [
        { [other.key]: { id: plainId }, status: null, type: null, custom: null },
        {
          [other.key]: other.embedded(fullId, fields), status: 'active', type: 'member', custom: { role: 'host' },
        },
      ]);
    });
  }

  example(`objects: get${spaced(side.name)}, asked for nothing`, async () => {
    const [pubnub, id, otherId] = [client(fresh('admin')), fresh('owner'), fresh('other')];
    same('none yet', allPlain(await side.get(pubnub, id)), []);
    await side.set(pubnub, id, [{ id: otherId, custom: { role: 'host' } }]);
    same('one', allPlain(await side.get(pubnub, id)), [{ [other.key]: { id: otherId }, ...own(side, 'get') }]);
  });

  example(`objects: get${spaced(side.name)}, seen from the other side, outlives the metadata`, async () => {
    const [pubnub, id, otherId] = [client(fresh('admin')), fresh('owner'), fresh('other')];
    const [otherSide] = sides.filter((one) => one !== side);
    await owner.set(pubnub, id, { name: 'Owner', custom: { a: 1 } });
    await side.set(pubnub, id, [{ id: otherId, custom: { role: 'host' } }]);
    const fromThere = async () => {
      const [only] = allPlain(await otherSide.get(pubnub, otherId, { include: otherSide.include }));
      return { [owner.key]: only[owner.key], custom: only.custom };
    };

    const known = owner.embedded(id, { ...joined('get'), name: 'Owner', custom: { a: 1 } });
    same('with metadata', await fromThere(), { [owner.key]: known, custom: { role: 'host' } });
    await owner.remove(pubnub, id);
    same('without', await fromThere(), { [owner.key]: { id }, custom: { role: 'host' } });
  });

  example(`objects: get${spaced(side.name)}, filter, sort and count`, async () => {
    const [pubnub, id, prefix] = [client(fresh('asker')), fresh('owner'), fresh('m')];
    const [ann, bob, cho] = ['ann', 'bob', 'cho'].map((name) => `${prefix}-${name}`);
    await other.set(pubnub, ann, { name: 'Zoe' });
    await other.set(pubnub, bob, { name: 'Yan' });
    await side.set(pubnub, id, [{ id: cho, custom: { role: 'host' }, status: 'on' }]);
    await side.set(pubnub, id, [{ id: ann, custom: { role: 'guest' } }]);
    await side.set(pubnub, id, [{ id: bob, custom: { role: 'guest' } }]);

    const found = async (asked) => {
      const result = await side.get(pubnub, id, { ...asked, include: { totalCount: true } });
      same('totalCount', result.totalCount, result.data.length);
      return idsOf(side, result);
    };
    const { key } = other;

    same('all', await found({}), [ann, bob, cho]);
    same('by name', await found({ filter: `${key}.name == 'Zoe'` }), [ann]);
    same('by id', await found({ filter: `!(${key}.id LIKE '*-ann') && ${key}.id LIKE '${prefix}*'` }), [bob, cho]);
    same('by custom', await found({ filter: "custom.role == 'guest'" }), [ann, bob]);
    same('by status', await found({ filter: "status == 'on'" }), [cho]);
    same('sorted by id', await found({ sort: { [`${key}.id`]: 'desc' } }), [cho, bob, ann]);
    same('sorted by name', await found({ sort: { [`${key}.name`]: 'asc' } }), [bob, ann, cho]);
    same('sorted by time', await found({ sort: { updated: 'asc' } }), [cho, ann, bob]);
    await refused(400, invalidInput, found({ filter: "nothing == 'x'" }));
  });

  example(`objects: get${spaced(side.name)}, pages`, async () => {
    const [pubnub, id] = [client(fresh('asker')), fresh('owner')];
    const ids = [1, 2, 3, 4, 5].map((number) => fresh(String(number)));
    await side.set(pubnub, id, ids);

    const asked = { include: { totalCount: true }, limit: 2 };
    await inPages(ids, (page) => side.get(pubnub, id, { ...asked, ...page }), (result) => idsOf(side, result));
  });

  example(`objects: set${spaced(side.name)}, a page of the list as answer`, async () => {
    const [pubnub, id] = [client(fresh('admin')), fresh('owner')];
    const ids = [1, 2, 3, 4, 5].map((number) => fresh(String(number)));
    await side.set(pubnub, id, ids.slice(0, 3));

    const result = await side.set(pubnub, id, ids.slice(3), {
      filter: `${other.key}.id != '${ids[1]}'`, sort: { [`${other.key}.id`]: 'desc' }, limit: 2,
      include: { totalCount: true },
    });

    same('totalCount', result.totalCount, 4);
    same('page', idsOf(side, result), [ids[4], ids[3]]);
  });
}

/** `ChannelMembers` as words, after a space. */
export function spaced(name) {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
