import { describe, expect, test } from 'vitest';
import type { ParticipantId } from '../../../src/domain/ids.ts';
import { LiveSpeaker } from '../../../src/rooms/live-speaker.ts';

const ada = 'ada' as ParticipantId;
const bob = 'bob' as ParticipantId;
const FRAME_MS = 20;
/** −dBov, as RFC 6464 carries them. */
const SPEECH = 25;
const LOUD = 12;
const ROOM_NOISE = 70;

/** Both send a level every 20 ms from `from` to `to`; who speaks at every moment, repeated ones left out. */
const talk = (speaker: LiveSpeaker, from: number, to: number, levels: Partial<Record<'ada' | 'bob', number>>) => {
  const heard: (ParticipantId | null)[] = [];
  for (let now = from; now < to; now += FRAME_MS) {
    if (levels.ada !== undefined) speaker.report(ada, levels.ada, now);
    if (levels.bob !== undefined) speaker.report(bob, levels.bob, now);
    const speaking = speaker.update(now);
    if (heard.at(-1) !== speaking) heard.push(speaking);
  }
  return heard;
};

describe('the live speaker', () => {
  test('is nobody until somebody has spoken, and stays through silence', () => {
    const speaker = new LiveSpeaker();
    expect(talk(speaker, 0, 1000, { ada: ROOM_NOISE, bob: ROOM_NOISE })).toEqual([null]);
    expect(talk(speaker, 1000, 2000, { ada: SPEECH, bob: ROOM_NOISE })).toEqual([null, ada]);
    expect(talk(speaker, 2000, 9000, { ada: ROOM_NOISE, bob: ROOM_NOISE })).toEqual([ada]);
  });

  test('passes to who speaks after another has fallen silent', () => {
    const speaker = new LiveSpeaker();
    talk(speaker, 0, 2000, { ada: SPEECH, bob: ROOM_NOISE });
    expect(talk(speaker, 2000, 4000, { ada: ROOM_NOISE, bob: SPEECH })).toEqual([ada, bob]);
  });

  test('is not taken by a cough', () => {
    const speaker = new LiveSpeaker();
    talk(speaker, 0, 2000, { ada: SPEECH, bob: ROOM_NOISE });
    expect(talk(speaker, 2000, 2160, { ada: ROOM_NOISE, bob: LOUD })).toEqual([ada]);
    expect(talk(speaker, 2160, 4000, { ada: ROOM_NOISE, bob: ROOM_NOISE })).toEqual([ada]);
  });

  test('does not flicker between two equal voices, but yields to a much louder one', () => {
    const speaker = new LiveSpeaker();
    talk(speaker, 0, 2000, { ada: SPEECH, bob: ROOM_NOISE });
    expect(talk(speaker, 2000, 6000, { ada: SPEECH, bob: SPEECH - 3 })).toEqual([ada]);
    expect(talk(speaker, 6000, 8000, { ada: SPEECH, bob: LOUD })).toEqual([ada, bob]);
  });

  test('takes missing packets for silence: DTX sends none', () => {
    const speaker = new LiveSpeaker();
    talk(speaker, 0, 2000, { ada: SPEECH });
    expect(talk(speaker, 2000, 4000, { bob: SPEECH })).toEqual([ada, bob]);
  });

  test('forgets who leaves', () => {
    const speaker = new LiveSpeaker();
    talk(speaker, 0, 2000, { ada: SPEECH });
    speaker.forget(ada);
    expect(speaker.speaker).toBeNull();
    expect(talk(speaker, 2000, 3000, {})).toEqual([null]);
  });
});
