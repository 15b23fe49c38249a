/** The models that tests hear with; scripts/speech-models.ts fetches them. */
import { join } from 'node:path';
import { fetchTestModels, TEST_MODEL_DIR } from '../../scripts/speech-models.ts';
import { DEFAULT_SPEECH_MODEL, VOICE_MODEL } from '../../src/transcription/models/catalogue.ts';
import { filesOfModel, findModel } from '../../src/transcription/models/model-folder.ts';
import type { ModelFiles } from '../../src/transcription/task.ts';

export { TEST_MODEL_DIR } from '../../scripts/speech-models.ts';

export interface SpeechModels {
  /** Path of the model that finds speech. */
  readonly voice: string;
  readonly speech: ModelFiles;
}

/** Fetches them where they are not here yet. */
export const speechModels = async (): Promise<SpeechModels> => {
  if (!(await findModel(TEST_MODEL_DIR, DEFAULT_SPEECH_MODEL))) fetchTestModels();
  const speech = await findModel(TEST_MODEL_DIR, DEFAULT_SPEECH_MODEL);
  const voice = await findModel(TEST_MODEL_DIR, VOICE_MODEL);
  if (!speech || !voice) throw new Error('The speech models were fetched, and are not there.');
  return { speech: filesOfModel(speech), voice: join(voice.folder, voice.files.model?.file ?? '') };
};
