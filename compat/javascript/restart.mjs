// Restarts a server under stock clients, planned and by kill -9, and checks that nobody is told to have gone or come.
//
//   HEREABOUTS_SERVER=target/release/hereabouts node restart.mjs
//
// Both restarts go on side by side, each with a server of its own, five clients of each SDK, a timeout of 60 seconds, and an
// observer that asks for presence events without an SDK. It takes a timeout and a little more.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const require = createRequire(import.meta.url);
const program = process.env.HEREABOUTS_SERVER ?? assert.fail('HEREABOUTS_SERVER is not set');

const timeoutSeconds = 60;
// A timeout is told within a second; the rest is for a busy machine.
const quietSeconds = timeoutSeconds + 5;
const clientsOfEach = 5;
const room = 'room';

const sdks = [
  { alias: 'pubnub-newest', options: { enableEventEngine: true }, mode: ', event engine on' },
  { alias: 'pubnub-newest', options: { enableEventEngine: false }, mode: ', event engine off' },
  { alias: 'pubnub-mit', options: {}, mode: '' },
].map((sdk) => ({ ...sdk, PubNub: require(sdk.alias), version: require(`${sdk.alias}/package.json`).version + sdk.mode }));

const restarts = [
  { example: 'restart: planned, clients renew as they do by themselves', signal: 'SIGTERM' },
  { example: 'restart: kill -9, clients renew as they do by themselves', signal: 'SIGKILL' },
];

// ------------------------------------------------------------------------------------------------------------ server

async function start(data, port) {
  const child = spawn(program, ['serve', '--listen', `127.0.0.1:${port}`, '--data', data], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { HEREABOUTS_PRESENCE__ANNOUNCE_MAX: '1000', HEREABOUTS_LOG__LEVEL: 'error' },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const [, found] = line.match(/^listening on http:\/\/127\.0\.0\.1:(\d+)$/) ?? assert.fail(`the server says ${line}`);
    return { child, ended, port: Number(found) };
  }
  assert.fail('the server ended before it listened');
}

async function get(server, path, parameters = {}) {
  const reply = await fetch(`http://127.0.0.1:${server.port}${path}?${new URLSearchParams(parameters)}`);
  assert.equal(reply.status, 200, `${path} answered ${reply.status}`);
  return reply.json();
}

async function until(what, seconds, isSo) {
  const deadline = Date.now() + seconds * 1000;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, `not within ${seconds} s: ${what}`);
    await sleep(100);
  }
}

const occupants = async (server) => (await get(server, `/v2/presence/sub-key/demo/channel/${room}`)).uuids;

// ---------------------------------------------------------------------------------------------------------- observer

/** Hears every presence event until it is told to stop, over restarts; whoever cannot be reached is asked again. */
function observe(server, cursor) {
  const events = [];
  let stopped = false;
  const hear = async () => {
    while (!stopped) {
      try {
        const reply = await get(server, `/v2/subscribe/demo/${room}-pnpres/0`, { tt: cursor });
        cursor = reply.t.t;
        events.push(...reply.m.map((message) => message.d));
      } catch {
        await sleep(20);
      }
    }
  };
  hear();
  return { events, stop: () => (stopped = true) };
}

// ----------------------------------------------------------------------------------------------------------- restart

/** Answers with what is wrong for each SDK; nothing where all is well. */
async function restart({ signal }) {
  const data = mkdtempSync(join(tmpdir(), 'hereabouts-restart-'));
  let server = await start(data, 0);
  const heard = new Map();
  const clients = sdks.flatMap(({ PubNub, options }, sdk) =>
    Array.from({ length: clientsOfEach }, (_, number) => {
      const userId = `user-${sdk}-${number}`;
      const keys = { subscribeKey: 'demo', publishKey: 'demo' };
      const settings = { ...keys, userId, origin: `127.0.0.1:${server.port}`, ssl: false, presenceTimeout: timeoutSeconds };
      const pubnub = new PubNub({ ...settings, ...options });
      pubnub.addListener({ message: ({ message }) => heard.set(userId, message) });
      return { sdk, userId, pubnub };
    }),
  );
  const everyone = clients.map(({ userId }) => userId);
  try {
    clients.forEach(({ pubnub }) => pubnub.subscribe({ channels: [room] }));
    await until('all are there', 20, async () => (await occupants(server)).length === clients.length);
    if (signal === 'SIGKILL') {
      const saved = () => readFileSync(join(data, 'presence.snapshot'), 'latin1');
      await until('all are saved', 20, () => everyone.every((userId) => saved().includes(userId)));
    }
    const { t: cursor } = await get(server, `/v2/subscribe/demo/${room}-pnpres/0`, { tt: 0 });

    server.child.kill(signal);
    const code = await server.ended;
    if (signal === 'SIGTERM') assert.equal(code, 0, 'the server did not stop cleanly');
    const observer = observe(server, cursor.t);
    server = await start(data, server.port);
    const restored = await occupants(server);
    await sleep(quietSeconds * 1000);
    const stay = await occupants(server);
    await get(server, `/publish/demo/demo/0/${room}/0/%22still%20there%3F%22`, { uuid: 'ann' });
    await until('the message is there', 10, () => heard.size === clients.length).catch(() => {});
    observer.stop();

    return sdks.map((_, sdk) => {
      const own = clients.filter((client) => client.sdk === sdk).map(({ userId }) => userId);
      const lacking = (list) => own.filter((userId) => !list.includes(userId));
      const told = observer.events.filter((event) => own.includes(event.uuid));
      const faults = [
        ['not restored', lacking(restored)],
        ['told', told.map(({ action, uuid }) => `${action} ${uuid}`)],
        ['gone after a timeout', lacking(stay)],
        ['no longer listening', lacking([...heard.keys()])],
      ];
      return faults.filter(([, list]) => list.length > 0).map(([what, list]) => `${what}: ${list.join(', ')}`).join('; ');
    });
  } finally {
    clients.forEach(({ pubnub }) => pubnub.stop());
    server.child.kill('SIGKILL');
    await server.ended;
    rmSync(data, { recursive: true });
  }
}

let failures = 0;
const outcomes = await Promise.allSettled(restarts.map(restart));
outcomes.forEach(({ value, reason }, number) =>
  sdks.forEach(({ version }, sdk) => {
    const detail = value?.[sdk] ?? `${reason}`;
    failures += detail === '' ? 0 : 1;
    const result = detail === '' ? 'ok' : 'failed';
    const { example } = restarts[number];
    console.log(JSON.stringify({ sdk: 'javascript', version, example, result, detail }));
  }),
);

// Polls of stopped clients may still be open and would keep the process alive.
process.exit(failures > 0 ? 1 : 0);
