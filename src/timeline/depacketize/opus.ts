/** Opus over RTP (RFC 7587), plain or inside redundant audio data (RFC 2198): the primary encoding and how long it sounds. */

/** Longest packet (RFC 6716 §2.1.4). */
const MAX_DURATION_48K = 5760;

/** Samples at 48 kHz of one frame, by the configuration in the top five bits of the TOC byte (RFC 6716 §3.1). */
const frameSamples = (config: number): number => {
  if (config < 12) return [480, 960, 1920, 2880][config % 4] ?? 0;
  if (config < 16) return [480, 960][config % 2] ?? 0;
  return [120, 240, 480, 960][config % 4] ?? 0;
};

/** Samples at 48 kHz that an Opus packet holds; 0 where it is malformed (RFC 6716 §3.2). */
export const opusDuration = (packet: Buffer): number => {
  const toc = packet[0];
  if (toc === undefined) return 0;
  const code = toc & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : (packet[1] ?? 0) & 0x3f;
  const samples = frameSamples(toc >> 3) * frames;
  return samples <= MAX_DURATION_48K ? samples : 0;
};

/**
 * The primary block of redundant audio data (RFC 2198 §3), the last one; null where its headers contradict its length. `payloadType`
 * is what the primary must be.
 */
export const redPrimary = (payload: Buffer, payloadType: number | null): Buffer | null => {
  let at = 0;
  let redundant = 0;
  for (;;) {
    const header = payload[at];
    if (header === undefined) return null;
    if ((header & 0x80) === 0) {
      const start = at + 1 + redundant;
      const matches = payloadType === null || (header & 0x7f) === payloadType;
      return matches && start < payload.length ? payload.subarray(start) : null;
    }
    if (at + 4 > payload.length) return null;
    redundant += payload.readUInt16BE(at + 2) & 0x3ff;
    at += 4;
  }
};

/** True if these SDP parameters are those of redundant audio data: a list of payload types. */
export const isRedFmtp = (fmtp: string): boolean => /^\d+(\/\d+)+$/.test(fmtp.trim());
