/** Rehearsed sessions for copying. */
import { anyhow } from '../../../src/composition/careful-decoding.ts';
import type { CopyFeed } from '../../../src/copying/copy-feed.ts';
import { judgeUnder } from '../../../src/copying/first-picture.ts';
import type { VideoCodec } from '../../../src/domain/media.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { encodeAudio, encodeVideo } from '../../../src/synthetic/encode.ts';
import type { EncodedTrack } from '../../../src/synthetic/encoded-track.ts';
import { type RecordFilter, selectRecords } from '../../../src/timeline/selection.ts';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { RECORDING } from '../composition/rehearsal.ts';

export const SIZE = { width: 320, height: 180 };
export const FPS = 15;

/** A camera that flashes in the first 100 ms of every second; a keyframe every second. */
export const camera = (codec: VideoCodec, seconds: number, index = 0, size = SIZE): Promise<EncodedTrack> =>
  encodeVideo({ codec, seconds, size, fps: FPS, turn: { index, of: index + 1 }, name: 'P', content: 'camera' });

/** A microphone that beeps while the camera flashes. Times of its packets are when the encoder was given them, as in RTP. */
export const microphone = async (seconds: number, index = 0, dtx = false): Promise<EncodedTrack> => {
  const track = await encodeAudio({ turn: { index, of: index + 1 }, seconds, dtx, silent: false });
  const first = track.frames[0]?.time ?? 0;
  return { ...track, frames: track.frames.map((frame) => ({ ...frame, time: frame.time - first })) };
};

/** Copying as processes do it where nobody has died. */
export const judgeFirst = judgeUnder(anyhow);

/** A feed of records, as the process gives it: only the participant's. */
export const feedOf = (records: readonly JournalRecord[], participant: string): CopyFeed => {
  const timeline = new Timeline();
  const filter: RecordFilter = selectRecords({
    participant: (id) => id === participant,
    source: (id) => id === participant,
  });
  let startNs = 0;
  let stopNs: number | null = null;
  for (const record of records) {
    if (record.type !== 'event') continue;
    const { event } = record;
    if (event.type === 'recording-started' && event.recording.recordingId === RECORDING) {
      startNs = event.recording.startedNs;
    }
    if (event.type === 'recording-stopped' && event.recordingId === RECORDING) stopNs = event.stoppedNs;
  }
  let at = 0;
  return {
    timeline,
    span: { startNs, stopNs },
    async advance() {
      if (at >= records.length) return false;
      for (const record of records.slice(at, at + 100)) {
        const kept = filter(record);
        if (kept) timeline.push(kept);
      }
      at += 100;
      return true;
    },
    close: async () => undefined,
  };
};
