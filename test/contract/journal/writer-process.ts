/** A process that writes a journal until it is killed, and says on standard output what it has handed over: the other side of processes.test.ts. */
import { createJournalSinkFactory } from '../../../src/journal/sink.ts';
import { createLogger } from '../../../src/support/log.ts';
import { EMPTY_ROOM, ROOM, SESSION } from '../../unit/journal/fixtures.ts';

const [root = '', seconds = '5'] = process.argv.slice(2);
const sink = await createJournalSinkFactory({
  root,
  log: createLogger('writer', 'silent'),
  limits: { chunkMs: 400 },
}).open({
  sessionId: SESSION,
  roomId: ROOM,
  snapshot: () => EMPTY_ROOM,
  onKeyframesWanted: () => undefined,
  onFailure: (error) => {
    throw error;
  },
});

const packet = Buffer.alloc(500);
let sequence = 0;
const deadline = performance.now() + Number(seconds) * 1000;
const timer = setInterval(async () => {
  for (let i = 0; i < 5; i++) {
    packet.writeUInt32BE(sequence++);
    sink.rtp(1, packet, process.hrtime.bigint(), false);
  }
  process.stdout.write(`${sequence} ${process.hrtime.bigint()}\n`);
  if (performance.now() > deadline) {
    clearInterval(timer);
    await sink.close();
  }
}, 5);
