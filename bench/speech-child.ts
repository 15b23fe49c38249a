/**
 * Hears a journal to its end in this process, so that what it costs is this process's CPU time: `journal engine out`. `engine` is the name of a
 * model in the model folder, or `endpoint`: the one of the settings. Writes the utterances to `out`, as JSON.
 */
import { writeFileSync } from 'node:fs';
import { decodeAnyhow } from '../src/composition/careful-decoding.ts';
import { loadConfig } from '../src/config/config.ts';
import type { Utterance } from '../src/domain/transcript.ts';
import { openJournalFeed } from '../src/processes/journal-feed.ts';
import { ModelKeeper } from '../src/processes/model-keeper.ts';
import { createLogger } from '../src/support/log.ts';
import { NOTHING_HEARD } from '../src/transcription/coordinator.ts';
import { openEmbeddedEngine } from '../src/transcription/embedded-engine.ts';
import { Hearing } from '../src/transcription/hearing.ts';
import { openHttpEngine } from '../src/transcription/http-engine.ts';
import { RECORDING } from '../test/unit/composition/rehearsal.ts';

const [journalDir = '', wanted = '', out = ''] = process.argv.slice(2);
const config = loadConfig().transcription;
const speechModel = wanted === 'endpoint' ? config.speechModel : wanted;
const models = new ModelKeeper({
  config: { ...config, speechModel, modelPull: false },
  reader: { prefix: [] },
  log: createLogger('bench', 'warn'),
});
const openEngine = async () => {
  if (wanted !== 'endpoint') return openEmbeddedEngine(await models.speech(), null);
  if (!config.endpoint) throw new Error('ROOMTAPE_TRANSCRIBE_URL is not set.');
  return openHttpEngine(config.endpoint);
};
const engine = await openEngine();
const journal = await openJournalFeed({ journalDir, recordingId: RECORDING, follow: false });
const utterances: Utterance[] = [];
await new Hearing({
  journal,
  recordingId: RECORDING,
  language: null,
  excludeParticipants: [],
  heard: NOTHING_HEARD,
  engine,
  voiceModel: await models.voice(),
  decode: decodeAnyhow.sound,
  guard: (_speaker, _start, ask) => ask(),
  onUtterance: (_speaker, utterance) => Promise.resolve(void utterances.push(utterance)),
  onHeard: () => Promise.resolve(),
  onStep: () => undefined,
  shouldStop: () => false,
}).run();
await journal.close();
await engine.close();
writeFileSync(out, JSON.stringify(utterances));
process.exit(0);
