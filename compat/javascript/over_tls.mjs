// The same over TLS: `ssl` on, a certificate of an authority that was made for this run (NODE_EXTRA_CA_CERTS), and nothing
// else is different.

import { Listener, client, example, fresh, isTimetoken, messageFields, same } from './harness.mjs';

const origin = process.env.HEREABOUTS_TLS_ORIGIN;
const secure = (userId) => client(userId, { origin, ssl: true });

if (origin !== undefined) {
  example('over TLS: publish, subscribe, events, here now', async () => {
    const [room, ann, bob] = [fresh('room'), fresh('ann'), fresh('bob')];
    const [first, second] = [secure(ann), secure(bob)];
    const listener = new Listener(first);
    first.subscribe({ channels: [room], withPresence: true });
    await listener.presenceOf('join', ann);
    second.subscribe({ channels: [room] });
    const joined = await listener.presenceOf('join', bob);
    const sent = await second.publish({ channel: room, message: { text: 'hello' } });
    const heard = await listener.next('message');
    const here = await first.hereNow({ channels: [room] });

    isTimetoken(sent.timetoken);
    same('occupancy', joined.occupancy, 2);
    same('message', messageFields(heard).message, { text: 'hello' });
    same('who is here', here.channels[room].occupants.map(({ uuid }) => uuid).sort(), [ann, bob].sort());
  });
}
