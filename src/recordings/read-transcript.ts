/** A transcript as it stands in the catalog. */
import type { Catalog, TranscriptionRow } from '../catalog/catalog.ts';
import { speakersOf, utterancesOf } from '../catalog/utterances.ts';
import type { Speaker, Transcript } from '../domain/transcript.ts';

export const readTranscript = async (catalog: Catalog, row: TranscriptionRow): Promise<Transcript> => {
  const speakers = (await speakersOf(catalog, [row.id])).map((speaker) => ({
    id: speaker.id,
    participantId: speaker.participant_id,
    kind: speaker.kind,
    name: speaker.name,
  }));
  const utterances = (await utterancesOf(catalog, row.id)).map((utterance) => ({
    start: utterance.start_seconds,
    end: utterance.end_seconds,
    speakerId: utterance.speaker_id,
    text: utterance.text,
    language: utterance.language,
    words: utterance.words,
  }));
  return {
    language: row.language,
    durationSeconds: row.duration_seconds ?? row.heard_seconds,
    speakers: withOwnNames(speakers),
    utterances,
    engine: row.engine ?? 'unknown',
  };
};

/** What nobody sees of a name (Unicode's Default_Ignorable_Code_Point): joiners, turns of direction, blanks without width. */
const UNSEEN = /\p{DI}/gu;

/** Two whose names look the same are told apart by a number, in the order in which they spoke first. Who shows no name is called by his id. */
export const withOwnNames = (speakers: readonly Speaker[]): Speaker[] => {
  const seen = (name: string): string => name.replaceAll(UNSEEN, '').trim();
  const taken = new Set<string>();
  return speakers.map((speaker) => {
    const own = seen(speaker.name) === '' ? speaker.id : speaker.name.trim();
    let name = own;
    for (let number = 2; taken.has(seen(name)); number += 1) name = `${own} (${number})`;
    taken.add(seen(name));
    return { ...speaker, name };
  });
};
