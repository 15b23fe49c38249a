/**
 * Text of what is said: words that are wrong, and CPU seconds a minute of speech, for every model in the tests' model folder (or
 * `ROOMTAPE_MODEL_DIR`), and for the endpoint of `ROOMTAPE_TRANSCRIBE_URL` where one is set (its own CPU time is not seen from here). From a
 * journal of two people in dialogue, synthetic voices, to the last utterance: reading, decoding, voice activity, engine, loading the model.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../src/config/config.ts';
import type { Utterance } from '../src/domain/transcript.ts';
import { findModel, namesInFolder } from '../src/transcription/models/model-folder.ts';
import { dialogue, OFFSET_S, recordsOf } from '../test/contract/transcription/spoken-journal.ts';
import { speechModels, TEST_MODEL_DIR } from '../test/support/speech-models.ts';
import { judge, turnsOf, type Voices } from '../test/support/spoken.ts';
import { saveJournal } from '../test/unit/composition/rehearsal.ts';
import { cpuSecondsToRun } from './cpu.ts';
import { type BenchOptions, type Row, temporaryFolder } from './row.ts';

const CHILD = fileURLToPath(new URL('./speech-child.ts', import.meta.url));
const SECONDS = 93;

export async function* benchSpeech({ quick, scope, note }: BenchOptions): AsyncGenerator<Row, void, undefined> {
  await speechModels();
  process.env.ROOMTAPE_MODEL_DIR ??= TEST_MODEL_DIR;
  const { modelDir, endpoint } = loadConfig().transcription;
  const engines: { readonly wanted: string; readonly name: string }[] = [];
  for (const name of await namesInFolder(modelDir)) {
    if ((await findModel(modelDir, name))?.kind !== 'voice') engines.push({ wanted: name, name });
  }
  if (endpoint) engines.push({ wanted: 'endpoint', name: `endpoint/${endpoint.model}` });
  const sets: readonly Voices[] = quick ? ['flite'] : ['flite', 'festival'];
  for (const voices of sets) {
    const folder = await temporaryFolder(scope);
    const journal = join(folder, 'journal');
    await saveJournal(recordsOf(await dialogue(voices, SECONDS), SECONDS), journal);
    const turns = await turnsOf(voices);
    const minutes = turns.reduce((sum, { start, end }) => sum + end - start, 0) / 60;
    for (const { wanted, name } of engines) {
      note(`${name}, ${voices}`);
      const out = join(folder, `${wanted}.json`);
      const cpu = await cpuSecondsToRun(process.execPath, [CHILD, journal, wanted, out], scope);
      const { wordErrorRate } = judge(turns, JSON.parse(await readFile(out, 'utf8')) as Utterance[], OFFSET_S);
      const what = `transcribe ${voices} voices, ${name}`;
      yield { what: `${what}: words wrong`, ours: 100 * wordErrorRate, beside: null, unit: '%' };
      yield { what, ours: cpu / minutes, beside: null, unit: 'CPU s / minute of speech' };
    }
  }
}
