/**
 * How a compositor process decodes: without the frames over which others died, and, where somebody has just died, one frame at a
 * time, each named before. What a hostile frame can do to a native decoder (crash it, hang it) is thus found out, and avoided.
 */
import type { VideoFrame } from '../timeline/types.ts';
import type { VideoDecoder } from './decoder.ts';
import type { FrameRef } from './setbacks.ts';

/** Gives a decoder its next frame. True if there is a new picture. */
export type DecodeFrame = (decoder: VideoDecoder, frame: VideoFrame) => Promise<boolean>;

export interface DecodingOptions {
  readonly shunned: readonly FrameRef[];
  /** Null: no need to be careful. */
  readonly careful: {
    /** Resolves when it is known that this frame comes next. */
    before(frame: FrameRef): Promise<void>;
    after(): void;
  } | null;
  /** One more frame was decoded. */
  onStep(): void;
}

const keyOf = ({ stream, timeNs }: FrameRef): string => `${stream} ${timeNs}`;

export const decodeAnyhow: DecodeFrame = (decoder, frame) => decoder.decode(frame);

export const decodeWith = ({ shunned, careful, onStep }: DecodingOptions): DecodeFrame => {
  const avoided = new Set(shunned.map(keyOf));
  let turn: Promise<unknown> = Promise.resolve();
  const decode: DecodeFrame = async (decoder, frame) => {
    const fresh = await decoder.decode(frame, avoided.size > 0 && avoided.has(keyOf(frame)));
    onStep();
    return fresh;
  };
  if (!careful) return decode;
  const decodeNamed: DecodeFrame = async (decoder, frame) => {
    await careful.before({ stream: frame.stream, timeNs: frame.timeNs });
    const fresh = await decode(decoder, frame);
    careful.after();
    return fresh;
  };
  return (decoder, frame) => {
    const fresh = turn.then(() => decodeNamed(decoder, frame));
    turn = fresh.catch(() => undefined);
    return fresh;
  };
};
