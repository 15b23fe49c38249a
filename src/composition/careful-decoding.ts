/**
 * How a compositor process decodes: without the frames and packets over which others died, and, where somebody has just died, one at a
 * time, each named before. What hostile media can do to a native decoder (crash it, hang it) is thus found out, and avoided.
 */
import type { AudioPacket, VideoFrame } from '../timeline/types.ts';
import type { VideoDecoder } from './decoder.ts';
import type { OpusDecoder, StereoSamples } from './opus-decoder.ts';
import type { FrameRef } from './setbacks.ts';

/** Does something that may end this process over one frame; `shunned`: somebody has died over it, it counts as damaged. */
export type Guard = <T>(frame: FrameRef, decode: (shunned: boolean) => T | Promise<T>) => T | Promise<T>;

/** Gives a decoder its next frame. True if there is a new picture. */
export type DecodeFrame = (decoder: VideoDecoder, frame: VideoFrame) => Promise<boolean>;

/** Gives a decoder its next packet. Null: it is damaged, or lost. At once where nothing calls for care: there are fifty a second. */
export type DecodeSound = (
  decoder: OpusDecoder,
  packet: AudioPacket,
) => StereoSamples | null | Promise<StereoSamples | null>;

export interface Decoding {
  readonly frame: DecodeFrame;
  readonly sound: DecodeSound;
}

export interface GuardOptions {
  readonly shunned: readonly FrameRef[];
  /** Null: no need to be careful. */
  readonly careful: {
    /** Resolves when it is known that this frame comes next. */
    before(frame: FrameRef): Promise<void>;
    after(): void;
  } | null;
  /** One more frame is decoded. */
  onStep(): void;
}

const keyOf = ({ stream, timeNs }: FrameRef): string => `${stream} ${timeNs}`;

export const anyhow: Guard = (_frame, decode) => decode(false);

export const guardWith = ({ shunned, careful, onStep }: GuardOptions): Guard => {
  const avoided = new Set(shunned.map(keyOf));
  let turn: Promise<unknown> = Promise.resolve();
  const guard: Guard = (frame, decode) => {
    onStep();
    return decode(avoided.size > 0 && avoided.has(keyOf(frame)));
  };
  if (!careful) return guard;
  return (frame, decode) => {
    const done = turn.then(async () => {
      await careful.before(frame);
      const decoded = await guard(frame, decode);
      careful.after();
      return decoded;
    });
    turn = done.catch(() => undefined);
    return done;
  };
};

/** Pictures and sound decoded under a guard. */
export const decodeWith = (guard: Guard): Decoding => ({
  frame: async (decoder, frame) => guard(frame, (shunned) => decoder.decode(frame, shunned)),
  sound: (decoder, { stream, startNs, data }) =>
    data === null ? null : guard({ stream, timeNs: startNs }, (shunned) => (shunned ? null : decoder.decode(data))),
});

export const decodeAnyhow: Decoding = decodeWith(anyhow);
