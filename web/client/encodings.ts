/** How a picture is sent: simulcast layers, bitrates and the order of codecs. Pure. */

export type VideoCodec = 'vp8' | 'h264' | 'vp9' | 'av1';

export interface Encoding {
  rid?: string;
  scaleResolutionDownBy?: number;
  maxBitrate: number;
  maxFramerate?: number;
  scalabilityMode?: string;
}

/**
 * Bitrate that VP8 needs for a clean camera picture at 30 fps, by pixels: twice the picture costs less than twice the bits
 * (exponent 0.75). Anchored at 2.5 Mbps for 1280x720, where the recorder's largest usual tile shows no blocking.
 */
const cameraBitrate = (pixels: number): number => {
  const bits = 2_500_000 * (pixels / (1280 * 720)) ** 0.75;
  return Math.round(Math.min(5_000_000, Math.max(120_000, bits)) / 10_000) * 10_000;
};

/** From this size on three layers are worth their overhead; below it the smallest would be a stamp. */
const SIMULCAST_FROM = { width: 640, height: 360 };

/**
 * Layers of a camera. From 640x360 three, RIDs (RFC 8851) `l`, `m`, `h` at a quarter, half and full size; below it one without RID.
 * VP9 and AV1 would send spatial layers inside one stream where nothing is said: each layer is asked for as a stream of its own.
 */
export const cameraEncodings = (width: number, height: number, codec: VideoCodec): Encoding[] => {
  const long = Math.max(width, height);
  const short = Math.min(width, height);
  const pixels = width * height;
  const mode = codec === 'vp9' || codec === 'av1' ? { scalabilityMode: 'L1T1' } : {};
  if (long < SIMULCAST_FROM.width || short < SIMULCAST_FROM.height) {
    return [{ maxBitrate: cameraBitrate(pixels), ...mode }];
  }
  return [
    { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: cameraBitrate(pixels / 16), ...mode },
    { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: cameraBitrate(pixels / 4), ...mode },
    { rid: 'h', scaleResolutionDownBy: 1, maxBitrate: cameraBitrate(pixels), ...mode },
  ];
};

/** A screen is one layer: text must stay sharp, and is shown large. */
export const screenEncodings = (codec: VideoCodec): Encoding[] => [
  {
    maxBitrate: 3_000_000,
    maxFramerate: 30,
    ...(codec === 'vp9' || codec === 'av1' ? { scalabilityMode: 'L1T1' } : {}),
  },
];

/** Redundancy formats: what the room's retransmission does better, and the journal would have to undo. */
const REDUNDANCY = new Set(['audio/red', 'video/red', 'video/ulpfec', 'video/flexfec-03']);

/** Codecs in order of preference: the preferred one first, the others after it as fallback, redundancy formats left out. */
export const orderCodecs = <Codec extends { mimeType: string }>(
  codecs: readonly Codec[],
  preferred: string,
): Codec[] => {
  const usable = codecs.filter((codec) => !REDUNDANCY.has(codec.mimeType.toLowerCase()));
  const isPreferred = (codec: Codec): boolean => codec.mimeType.toLowerCase() === preferred.toLowerCase();
  return [...usable.filter(isPreferred), ...usable.filter((codec) => !isPreferred(codec))];
};
