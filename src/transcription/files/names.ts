/** Names of speakers as files write them: one line each. That two of them have different names is the transcript's matter. */
import type { Speaker, Transcript } from '../../domain/transcript.ts';
import { oneLine } from './one-line.ts';

/** By the speaker's id; the id where there is no name. */
export const namesIn = ({ speakers }: Pick<Transcript, 'speakers'>): ((id: Speaker['id']) => string) => {
  const names = new Map(speakers.map(({ id, name }) => [id, oneLine(name) || oneLine(id)]));
  return (id) => names.get(id) ?? oneLine(id);
};
