/**
 * Silence as Opus packets. A CELT frame of full bandwidth whose first symbol says "silence" (RFC 6716 §4.3.3) decodes to zeros after the
 * overlap with what came before has faded: three bytes, whatever its length, and no encoder is needed.
 */
import { NS_PER_MS } from '../domain/media-time.ts';
import type { SoundPacket } from './sound-lane.ts';

/** The longest packet of silence. */
export const SILENT_FRAME_NS = 20 * NS_PER_MS;

/** Mono, one frame: TOC configurations 31, 30, 29 and 28 (RFC 6716 §3.1). Longest first. */
const FRAMES = [
  { lengthNs: SILENT_FRAME_NS, data: Buffer.from([31 << 3, 0xff, 0xfe]) },
  { lengthNs: 10 * NS_PER_MS, data: Buffer.from([30 << 3, 0xff, 0xfe]) },
  { lengthNs: 5 * NS_PER_MS, data: Buffer.from([29 << 3, 0xff, 0xfe]) },
  { lengthNs: 2.5 * NS_PER_MS, data: Buffer.from([28 << 3, 0xff, 0xfe]) },
] as const;

/** Packets of silence from one time on, as many as fit before the other: less than 2.5 ms remain. */
export const silence = function* (fromNs: number, toNs: number): Generator<SoundPacket> {
  let startNs = fromNs;
  for (const { lengthNs, data } of FRAMES) {
    for (; startNs + lengthNs <= toNs; startNs += lengthNs) yield { startNs, endNs: startNs + lengthNs, data };
  }
};
