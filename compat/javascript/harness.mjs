// What every example shares: settings, clients, members made without an SDK, listeners, and one JSON line a result.
//
// Names of channels, groups and users are fresh in each run, so that a run neither disturbs nor believes an earlier one.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { inspect } from 'node:util';

const require = createRequire(import.meta.url);
const [alias, eventEngine] = process.argv.slice(2);

if (!['pubnub-newest', 'pubnub-mit'].includes(alias) || ![undefined, 'on', 'off'].includes(eventEngine)) {
  console.error('usage: node run.mjs pubnub-newest on|off  or  node run.mjs pubnub-mit');
  process.exit(2);
}

const PubNub = require(alias);

export const isNewest = alias === 'pubnub-newest';
const plainVersion = require(`${alias}/package.json`).version;
export const version = isNewest ? `${plainVersion}, event engine ${eventEngine ?? 'on'}` : plainVersion;

// Every wait ends: an answer takes milliseconds, an event at most a presence timeout of 5 seconds.
const withinSeconds = 10;

const setting = (name) => process.env[name] ?? assert.fail(`${name} is not set`);
const origin = setting('HEREABOUTS_ORIGIN');

export const keys = {
  subscribeKey: setting('HEREABOUTS_SUBSCRIBE_KEY'),
  publishKey: setting('HEREABOUTS_PUBLISH_KEY'),
};

// A key set that is in interval mode above 2 occupants, with an interval of 1 second and deltas on.
export const intervalKeys = {
  subscribeKey: setting('HEREABOUTS_INTERVAL_SUBSCRIBE_KEY'),
  publishKey: setting('HEREABOUTS_INTERVAL_PUBLISH_KEY'),
};

// A key set with access control: for those who need a token, and for those who grant one.
export const guardedKeys = {
  subscribeKey: setting('HEREABOUTS_GUARDED_SUBSCRIBE_KEY'),
  publishKey: setting('HEREABOUTS_GUARDED_PUBLISH_KEY'),
};
export const adminKeys = { ...guardedKeys, secretKey: setting('HEREABOUTS_GUARDED_SECRET_KEY') };

// ---------------------------------------------------------------------------------------------------------- examples

const examples = [];
const running = new Set();

/** Registers a function as the example `name`. */
export function example(name, run) {
  examples.push({ name, run });
}

/**
 * Registers an example that takes longer than one may: `begin` is called before all other examples, and `run`, last of all,
 * with what it came to. What clients `begin` makes stay until the end.
 */
export function longExample(name, begin, run) {
  examples.push({ name, run, begin });
}

/** Runs the examples in order, prints a line for each, and returns the exit code. */
export async function runAll() {
  const gaps = knownGaps();
  const long = await Promise.all(examples.filter(({ begin }) => begin).map(begun));
  let failures = 0;
  for (const { name, run, seconds } of [...examples.filter(({ begin }) => !begin), ...long]) {
    let failure;
    try {
      await within(seconds ?? 4 * withinSeconds, 'the example', run());
    } catch (error) {
      // One broken example must not hide the others.
      failure = describe(error);
    }
    stopClients();
    const [result, detail] = judge(failure, gaps.get(name));
    if (result === 'failed') failures += 1;
    console.log(JSON.stringify({ sdk: 'javascript', version, example: name, result, detail }));
  }
  return failures > 0 ? 1 : 0;
}

/** A long example that is under way: what is left to do, and how long it may take. */
async function begun({ name, run, begin }) {
  try {
    const soFar = await within(withinSeconds, 'what the example begins with', begin());
    // Its clients are not those of the first example.
    running.clear();
    return { name, run: () => run(soFar), seconds: 90 };
  } catch (error) {
    return { name, run: () => Promise.reject(error) };
  }
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function describe(error) {
  const status = error?.status ? ` ${inspect(error.status, { depth: 3, breakLength: Infinity })}` : '';
  return `${error?.name}: ${error?.message}${status}`;
}

function judge(failure, gap) {
  if (gap === undefined) return failure === undefined ? ['ok', ''] : ['failed', failure];
  if (failure === undefined) return ['failed', 'listed in known-gaps.toml, but it works: take it off the list'];
  if (!failure.includes(gap.failure)) {
    return ['failed', `listed in known-gaps.toml, but it fails in another way: ${failure}`];
  }
  return ['known gap', gap.reason];
}

/** The gaps of this SDK version, by example. The file is plain enough to be read without a TOML library. */
function knownGaps() {
  const gaps = [];
  for (const line of readFileSync(new URL('../known-gaps.toml', import.meta.url), 'utf8').split('\n')) {
    if (line === '[[gap]]') gaps.push({});
    else if (line !== '' && !line.startsWith('#')) {
      const [key, value] = line.split(/ = (.*)/s);
      gaps.at(-1)[key] = JSON.parse(value);
    }
  }
  const mine = gaps.filter((gap) => gap.sdk === 'javascript' && gap.versions.includes(version));
  return new Map(mine.map((gap) => [gap.example, gap]));
}

// ------------------------------------------------------------------------------------------------------------ checks

export function same(what, actual, expected) {
  const shown = (value) => inspect(value, { depth: 9, breakLength: Infinity });
  assert.deepStrictEqual(actual, expected, `${what}: expected ${shown(expected)}, got ${shown(actual)}`);
}

/** A status is a plain success of `operation`. */
export function succeeded(status, operation) {
  same('status error', status.error, false);
  same('status code', status.statusCode, 200);
  same('status operation', status.operation, operation);
}

export function isTimetoken(value) {
  assert.match(String(value), /^\d{17}$/, `not a timetoken: ${inspect(value)}`);
  isRecent('timetoken', Number(value) / 10_000_000);
}

export function isRecent(what, seconds) {
  assert.ok(Math.abs(Date.now() / 1000 - seconds) < 2 * withinSeconds, `the ${what} is far from now: ${seconds}`);
}

/** A presence event without its times, which are checked against the clock, and without the SDK's deprecated names. */
export function presenceFields(event) {
  const { timetoken, timestamp, precise_timestamp: precise, actualChannel, subscribedChannel, ...fields } = event;
  same('type of timetoken', typeof timetoken, 'string');
  isTimetoken(timetoken);
  assert.ok(Number.isInteger(timestamp), `the timestamp should be an integer: ${inspect(timestamp)}`);
  isRecent('timestamp', timestamp);
  if (isNewest) same('precise_timestamp in seconds', Math.floor(precise / 1000), timestamp);
  return withoutUndefined(fields);
}

/** A message or signal without its timetoken, which is checked, and without the SDK's deprecated names. */
export function messageFields(message) {
  const { timetoken, actualChannel, subscribedChannel, ...fields } = message;
  same('type of timetoken', typeof timetoken, 'string');
  isTimetoken(timetoken);
  return withoutUndefined(fields);
}

export function withoutUndefined(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** `subscription` of an event that came by the stream's own name: the last MIT version says null then. */
export const byItsOwnName = (stream) => (isNewest ? stream : null);

/** `subscription` of a presence event that came by a group's stream: the last MIT version cuts the suffix off. */
export const byGroupPresence = (group) => (isNewest ? `${group}-pnpres` : group);

// ----------------------------------------------------------------------------------------------------------- clients

export const fresh = (name) => `${name}_${randomBytes(4).toString('hex')}`;

/** A client that is stopped when its example is over. */
export function client(userId, options = {}) {
  const pubnub = new PubNub({
    ...keys,
    userId,
    origin,
    ssl: false,
    ...(isNewest ? { enableEventEngine: eventEngine !== 'off' } : {}),
    ...options,
  });
  running.add(pubnub);
  return pubnub;
}

function stopClients() {
  for (const pubnub of running) pubnub.stop();
  running.clear();
}

/** A callback for a call, and the promise of what it is called with: a status and a response. */
export function answer() {
  let callback;
  const answered = new Promise((resolve) => {
    callback = (status, response) => resolve({ status, response });
  });
  return { callback, answered: within(withinSeconds, 'the callback', answered) };
}

async function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${Math.round(seconds)} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// -------------------------------------------------------------------------------------- members made without an SDK

/** Makes users present by the heartbeat call, for as short a timeout as a test wants; SDKs have a minimum. */
export async function join(channel, userIds, { seconds = 60, state, keySet = keys } = {}) {
  for (const userId of [userIds].flat()) {
    const parameters = { uuid: userId, heartbeat: seconds };
    if (state !== undefined) parameters.state = JSON.stringify({ [channel]: state });
    await get(`/v2/presence/sub-key/${keySet.subscribeKey}/channel/${channel}/heartbeat`, parameters);
  }
}

export async function leave(channel, userId, { keySet = keys } = {}) {
  await get(`/v2/presence/sub-key/${keySet.subscribeKey}/channel/${channel}/leave`, { uuid: userId });
}

export async function occupants(channel) {
  return (await get(`/v2/presence/sub-key/${keys.subscribeKey}/channel/${channel}`)).uuids;
}

export async function makeGroup(group, ...channels) {
  await get(`/v1/channel-registration/sub-key/${keys.subscribeKey}/channel-group/${group}`, { add: channels.join() });
}

async function get(path, parameters = {}) {
  const url = `http://${origin}${path}?${new URLSearchParams(parameters)}`;
  const reply = await fetch(url, { signal: AbortSignal.timeout(withinSeconds * 1000) });
  assert.equal(reply.status, 200, `${url} answered ${reply.status}`);
  return reply.json();
}

// --------------------------------------------------------------------------------------------------------- listeners

/** Keeps what the SDK announces, by kind, until it is waited for. */
export class Listener {
  #heard = { status: [], presence: [], message: [], signal: [], objects: [], user: [], space: [], membership: [] };
  #wake = () => {};

  constructor(pubnub) {
    const keep = (kind) => (event) => {
      this.#heard[kind].push(event);
      this.#wake();
    };
    pubnub.addListener(Object.fromEntries(Object.keys(this.#heard).map((kind) => [kind, keep(kind)])));
  }

  /** The next announcement of a kind that is wanted; those before it are dropped. */
  async next(kind, wanted = () => true) {
    const deadline = Date.now() + withinSeconds * 1000;
    for (;;) {
      while (this.#heard[kind].length > 0) {
        const event = this.#heard[kind].shift();
        if (wanted(event)) return event;
      }
      const another = new Promise((resolve) => (this.#wake = resolve));
      await within((deadline - Date.now()) / 1000, `a ${kind} that was waited for`, another);
    }
  }

  connected() {
    return this.next('status', (status) => status.category === 'PNConnectedCategory');
  }

  presenceOf(action, userId) {
    return this.next('presence', (event) => event.action === action && event.uuid === userId);
  }
}
