/**
 * Picture ids and base layer indices where VP8 (RFC 7741 §4.2) and VP9 (RFC 9628 §4.2) payload descriptors have them. A receiver orders
 * pictures by them, so they must not jump when another source takes over.
 */

/** Values, -1 where absent, and where they are. */
export interface PictureId {
  readonly picture: number;
  readonly pictureAt: number;
  readonly base: number;
  readonly baseAt: number;
}

const LONG_MASK = 0x7fff;
const SHORT_MASK = 0x7f;

/** Null where the descriptor has neither, or is cut off. */
export const readPictureId = (codec: 'vp8' | 'vp9', packet: Buffer, offset: number, end: number): PictureId | null => {
  if (offset + 2 >= end) return null;
  const first = packet.readUInt8(offset);
  let flags = first;
  let at = offset + 1;
  if (codec === 'vp8') {
    if ((first & 0x80) === 0) return null;
    flags = packet.readUInt8(at);
    at += 1;
  }
  const pictureAt = flags & 0x80 ? at : -1;
  if (pictureAt >= 0) at += packet.readUInt8(at) & 0x80 ? 2 : 1;
  if (at > end) return null;
  const baseAt = codec === 'vp8' ? (flags & 0x40 ? at : -1) : vp9BaseAt(flags, at);
  if (baseAt >= end || (pictureAt < 0 && baseAt < 0)) return null;
  return {
    picture: pictureAt < 0 ? -1 : readPicture(packet, pictureAt),
    pictureAt,
    base: baseAt < 0 ? -1 : packet.readUInt8(baseAt),
    baseAt,
  };
};

/** Behind the layer indices (L), in the non-flexible mode (no F) only. */
const vp9BaseAt = (flags: number, layersAt: number): number => ((flags & 0x30) === 0x20 ? layersAt + 1 : -1);

const readPicture = (packet: Buffer, at: number): number => {
  const head = packet.readUInt8(at);
  return head & 0x80 ? packet.readUInt16BE(at) & LONG_MASK : head;
};

/** Adds the shifts in place, each in the width it has; returns what was written. */
export const rewritePictureId = (
  packet: Buffer,
  found: PictureId,
  pictureShift: number,
  baseShift: number,
): { readonly picture: number; readonly base: number } => {
  let picture = -1;
  let base = -1;
  if (found.pictureAt >= 0 && packet.readUInt8(found.pictureAt) & 0x80) {
    picture = (found.picture + pictureShift) & LONG_MASK;
    packet.writeUInt16BE(0x8000 | picture, found.pictureAt);
  } else if (found.pictureAt >= 0) {
    picture = (found.picture + pictureShift) & SHORT_MASK;
    packet.writeUInt8(picture, found.pictureAt);
  }
  if (found.baseAt >= 0) {
    base = (found.base + baseShift) & 0xff;
    packet.writeUInt8(base, found.baseAt);
  }
  return { picture, base };
};
