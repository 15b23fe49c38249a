/** Who talked for how long. */
import type { TalkTime } from '../../domain/summary.ts';
import type { Transcript } from '../../domain/transcript.ts';

const toMillisecond = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/** One entry a speaker, those who said nothing included; who talked most comes first. */
export const talkTimes = ({ speakers, utterances }: Transcript): TalkTime[] => {
  const spoken = new Map<string, { seconds: number; utterances: number }>();
  for (const { speakerId, start, end } of utterances) {
    const sum = spoken.get(speakerId) ?? { seconds: 0, utterances: 0 };
    spoken.set(speakerId, { seconds: sum.seconds + end - start, utterances: sum.utterances + 1 });
  }
  const all = [...spoken.values()].reduce((sum, { seconds }) => sum + seconds, 0);
  return speakers
    .map(({ id, participantId, kind, name }) => {
      const { seconds, utterances: count } = spoken.get(id) ?? { seconds: 0, utterances: 0 };
      return {
        speakerId: id,
        participantId,
        kind,
        name,
        talkSeconds: toMillisecond(seconds),
        share: all > 0 ? toMillisecond(seconds / all) : 0,
        utterances: count,
      };
    })
    .sort((one, other) => other.talkSeconds - one.talkSeconds);
};
