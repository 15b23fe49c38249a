/** A server of its own process that moves recordings of the named database from state to state, at random, until it is killed. */
import { openCatalog } from '../../../src/catalog/catalog.ts';
import { moveRecording } from '../../../src/catalog/recordings.ts';
import type { RecordingStatus } from '../../../src/domain/recording.ts';
import { createLogger } from '../../../src/support/log.ts';
import { seededRandom } from '../../unit/rooms/seeded-random.ts';

const [url = '', seed = '1'] = process.argv.slice(2);
const { catalog } = await openCatalog({ url, log: createLogger('test', 'silent') });
const random = seededRandom(Number(seed));
const MOVES = ['recording', 'paused', 'stopping', 'composing', 'done', 'failed'] as const satisfies RecordingStatus[];
const ids = (await catalog.selectFrom('recordings').select('id').execute()).map(({ id }) => id);
process.send?.('ready');
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const one = async (): Promise<never> => {
  for (;;) await moveRecording(catalog, pick(ids), pick(MOVES), { failureReason: 'chance' });
};
await Promise.all([one(), one(), one()]);
