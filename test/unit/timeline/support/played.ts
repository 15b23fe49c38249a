/** Small journals of a camera and a microphone, and the timeline that has read them. */
import type { JournalRecord } from '../../../../src/journal/record.ts';
import { Timeline } from '../../../../src/timeline/timeline.ts';
import { opusPacket, vp8Frame, vp8Payloads } from './rtp.ts';
import { inOrder, MS, opened, type Sender, snapshotRecord, streamInfo, tick } from './session.ts';

export const VIDEO = streamInfo(1, { codec: 'vp8' });
export const AUDIO = streamInfo(2, { codec: 'opus' });
export const DELAY_NS = 30 * MS;
export const always = (ns: number) => (): number => ns + DELAY_NS;

export const play = (records: readonly JournalRecord[]): Timeline => {
  const timeline = new Timeline();
  for (const record of records) timeline.push(record);
  return timeline;
};

/** A microphone that sends every 20 ms in [from, to), packets for which `lost` says so excepted; reports at its start. */
export const talk = (
  audio: Sender,
  fromMs: number,
  toMs: number,
  lost: (ms: number) => boolean = () => false,
): void => {
  audio.report(fromMs * MS, fromMs * MS + DELAY_NS + MS);
  for (let ms = fromMs; ms < toMs; ms += 20) {
    audio.frame(ms * MS, [opusPacket(ms)], () => (lost(ms) ? null : ms * MS + DELAY_NS));
  }
};

/** A camera at 25 fps in [from, to), a keyframe every second. */
export const film = (
  video: Sender,
  fromMs: number,
  toMs: number,
  lost: (ms: number) => boolean = () => false,
): void => {
  video.report(fromMs * MS, fromMs * MS + DELAY_NS + MS);
  for (let ms = fromMs; ms < toMs; ms += 40) {
    const frame = vp8Frame({ key: ms % 1000 === 0, mark: ms, width: 640, height: 360 });
    video.frame(ms * MS, vp8Payloads(frame, 2), (part) => (part === 1 && lost(ms) ? null : ms * MS + DELAY_NS));
  }
};

export const journal = (senders: readonly Sender[], extra: readonly JournalRecord[] = []): JournalRecord[] => [
  snapshotRecord(),
  ...inOrder([...senders.map(({ info }) => opened(0, info)), ...senders.flatMap(({ records }) => records), ...extra]),
];
export const ticksTo = (ms: number): JournalRecord[] =>
  Array.from({ length: ms / 250 }, (_, i) => tick((i + 1) * 250 * MS));
