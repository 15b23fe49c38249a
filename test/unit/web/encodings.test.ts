import { describe, expect, it } from 'vitest';
import { cameraEncodings, orderCodecs } from '../../../web/client/encodings.ts';

describe('cameraEncodings', () => {
  it('sends three layers from 640x360 on, upright cameras too', () => {
    for (const [width, height] of [
      [640, 360],
      [1280, 720],
      [720, 1280],
    ] as const) {
      const layers = cameraEncodings(width, height, 'vp8');
      expect(layers.map(({ rid, scaleResolutionDownBy }) => [rid, scaleResolutionDownBy])).toEqual([
        ['l', 4],
        ['m', 2],
        ['h', 1],
      ]);
      const bitrates = layers.map(({ maxBitrate }) => maxBitrate);
      expect(bitrates).toEqual([...bitrates].sort((a, b) => a - b));
    }
  });

  it('sends one layer without RID below that', () => {
    expect(cameraEncodings(320, 180, 'vp8')).toEqual([{ maxBitrate: 310_000 }]);
    expect(cameraEncodings(640, 300, 'vp8')).toHaveLength(1);
  });

  it('gives 720p 2.5 Mbps', () => {
    expect(cameraEncodings(1280, 720, 'vp8')[2]?.maxBitrate).toBe(2_500_000);
  });

  it('asks VP9 and AV1 for streams without layers inside', () => {
    for (const codec of ['vp9', 'av1'] as const) {
      expect(cameraEncodings(1280, 720, codec).map(({ scalabilityMode }) => scalabilityMode)).toEqual([
        'L1T1',
        'L1T1',
        'L1T1',
      ]);
    }
  });
});

describe('orderCodecs', () => {
  const codecs = ['video/VP8', 'video/rtx', 'video/H264', 'video/red', 'video/ulpfec', 'video/AV1'].map((mimeType) => ({
    mimeType,
  }));

  it('puts the preferred codec first and leaves redundancy out', () => {
    expect(orderCodecs(codecs, 'video/h264').map(({ mimeType }) => mimeType)).toEqual([
      'video/H264',
      'video/VP8',
      'video/rtx',
      'video/AV1',
    ]);
  });

  it('keeps the browser’s order where the preferred one is missing', () => {
    expect(orderCodecs(codecs, 'video/vp9')[0]).toEqual({ mimeType: 'video/VP8' });
  });
});
