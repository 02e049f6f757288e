// Runs every example with one SDK: one JSON line each, exit code 1 if one failed.
//
//   node run.mjs pubnub-newest on     the newest SDK, with its event engine
//   node run.mjs pubnub-newest off    the newest SDK, without it
//   node run.mjs pubnub-mit           the last SDK under the MIT licence

import { runAll } from './harness.mjs';

// In this order; importing a module registers its examples.
import './presence.mjs';
import './listener.mjs';
import './context.mjs';
import './listener_context.mjs';
import './access.mjs';
import './access_calls.mjs';
import './over_tls.mjs';

const exitCode = await runAll();

// Polls of stopped clients may still be open and would keep the process alive.
process.exit(exitCode);
