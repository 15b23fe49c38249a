import { describe, expect, it } from 'vitest';
import { VIDEO_CODECS } from '../../../../src/domain/media.ts';
import { createDepacketizer } from '../../../../src/timeline/depacketize/create.ts';
import type { CodedPicture, Depacketizer } from '../../../../src/timeline/depacketize/depacketizer.ts';
import { readSps } from '../../../../src/timeline/depacketize/h264-parameter-sets.ts';
import { cut, vp8Frame, vp8Payloads } from '../support/rtp.ts';
import { seeded } from '../support/session.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');
const START = hex('00000001');

/** All payloads of one picture. */
const assemble = (depacketizer: Depacketizer, payloads: readonly Buffer[]): CodedPicture | string => {
  const sound = payloads.every((payload, i) => depacketizer.add(payload, i === 0));
  return sound ? depacketizer.take() : 'refused';
};
const picture = (result: CodedPicture | string): CodedPicture => {
  if (typeof result === 'string') throw new Error(`Expected a picture, got "${result}".`);
  return result;
};

describe('VP8', () => {
  it('joins a frame from its packets, and reads a keyframe size', () => {
    const frame = vp8Frame({ key: true, width: 1280, height: 720, bytes: 3000 });
    const result = picture(assemble(createDepacketizer('vp8', ''), vp8Payloads(frame, 3)));
    expect(result).toEqual({ data: frame, keyframe: true, size: { width: 1280, height: 720 }, colour: null });
  });

  it.each([
    ['no extension', '10'],
    ['7-bit picture id', '9080 05'],
    ['15-bit picture id', '9080 8123'],
    ['picture id, TL0PICIDX and TID', '90e0 8123 07 40'],
    ['TL0PICIDX alone', '9040 07'],
    ['KEYIDX alone', '9010 01'],
  ])('cuts off a descriptor with %s', (_, descriptor) => {
    const frame = vp8Frame({ key: false });
    const payload = Buffer.concat([hex(descriptor), frame]);
    expect(picture(assemble(createDepacketizer('vp8', ''), [payload])).data).toEqual(frame);
  });

  it('refuses a picture whose start is missing, and another start within one', () => {
    const payloads = vp8Payloads(vp8Frame({ key: true, bytes: 300 }), 3);
    expect(assemble(createDepacketizer('vp8', ''), payloads.slice(1))).toBe('refused');
    expect(assemble(createDepacketizer('vp8', ''), [...payloads, ...payloads])).toBe('refused');
  });
});

describe('VP9', () => {
  /** As libvpx made it for 322x182: uncompressed header of a keyframe. */
  const KEY = hex('824983420014100b560238241c184a000a407fd5fa3e8fe771fc5f9f');
  const INTER = hex('86004092809ca0');

  it('reads a keyframe in non-flexible mode, scalability structure and all', () => {
    const structure = hex('18 0142 00b6 01 04 01');
    const first = Buffer.concat([hex('aa 8123 00 07'), structure, KEY.subarray(0, 20)]);
    const second = Buffer.concat([hex('a4 8123 00 07'), KEY.subarray(20)]);
    const result = picture(assemble(createDepacketizer('vp9', ''), [first, second]));
    expect(result).toEqual({ data: KEY, keyframe: true, size: { width: 322, height: 182 }, colour: null });
  });

  it('reads an inter frame in flexible mode with three references', () => {
    const payload = Buffer.concat([hex('fc 8123 20 03 05 06'), INTER]);
    expect(picture(assemble(createDepacketizer('vp9', ''), [payload]))).toEqual({
      data: INTER,
      keyframe: false,
      size: null,
      colour: null,
    });
  });

  it('takes the lowest spatial layer only', () => {
    const base = Buffer.concat([hex('ac 8123 00 07'), KEY]);
    const upper = Buffer.concat([hex('ac 8123 02 07'), INTER]);
    expect(picture(assemble(createDepacketizer('vp9', ''), [base, upper])).data).toEqual(KEY);
  });

  it('refuses a picture whose start is missing, and calls other bytes malformed', () => {
    expect(assemble(createDepacketizer('vp9', ''), [Buffer.concat([hex('84 01'), INTER])])).toBe('refused');
    expect(assemble(createDepacketizer('vp9', ''), [Buffer.concat([hex('8c 01'), hex('00ff00ff')])])).toBe('malformed');
  });
});

describe('H.264', () => {
  /** As x264 made them: 1280x720 baseline, and 1918x1078 high (cropped). */
  const SPS = hex('6742c01fd9005005bb0110000003001000000303c0f1832480');
  const PPS = hex('68cb83cb20');
  const SPS_CROPPED = hex('67640028acd940780227a9b0110000030001000003003c0f183196');
  const IDR = Buffer.concat([hex('658884'), Buffer.alloc(3000, 0x11)]);
  const SLICE = Buffer.concat([hex('419a'), Buffer.alloc(50, 0x22)]);
  const SECOND_SLICE = Buffer.concat([hex('41 22'), Buffer.alloc(50, 0x22)]);

  const stapA = (...nals: Buffer[]): Buffer =>
    Buffer.concat([
      hex('78'),
      ...nals.flatMap((nal) => {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(nal.length);
        return [length, nal];
      }),
    ]);
  const fuA = (nal: Buffer, parts: number): Buffer[] => {
    const pieces = cut(nal.subarray(1), parts);
    const [header = 0] = nal;
    return pieces.map((piece, i) => {
      const flags = (i === 0 ? 0x80 : 0) | (i === pieces.length - 1 ? 0x40 : 0);
      return Buffer.concat([Buffer.from([(header & 0xe0) | 28, flags | (header & 0x1f)]), piece]);
    });
  };
  const annexB = (...nals: Buffer[]): Buffer => Buffer.concat(nals.flatMap((nal) => [START, nal]));

  it('joins STAP-A and FU-A into an access unit, and reads its size', () => {
    const result = picture(assemble(createDepacketizer('h264', ''), [stapA(SPS, PPS), ...fuA(IDR, 3)]));
    expect(result.keyframe).toBe(true);
    expect(result.size).toEqual({ width: 1280, height: 720 });
    expect(result.data).toEqual(annexB(SPS, PPS, IDR));
  });

  it('puts parameter sets before an IDR that comes without', () => {
    const depacketizer = createDepacketizer('h264', '');
    expect(assemble(depacketizer, [SPS, PPS])).toBe('nothing');
    expect(picture(assemble(depacketizer, [IDR])).data).toEqual(annexB(SPS, PPS, IDR));
    expect(picture(assemble(depacketizer, [SLICE, SECOND_SLICE]))).toEqual({
      data: annexB(SLICE, SECOND_SLICE),
      keyframe: false,
      size: null,
      colour: null,
    });
  });

  it('takes parameter sets from the SDP', () => {
    const sets = `${SPS.toString('base64')},${PPS.toString('base64')}`;
    const depacketizer = createDepacketizer(
      'h264',
      `packetization-mode=1;sprop-parameter-sets=${sets};profile-level-id=42c01f`,
    );
    expect(picture(assemble(depacketizer, [IDR])).data).toEqual(annexB(SPS, PPS, IDR));
  });

  it('reads cropping, and emulation prevention, from a parameter set', () => {
    expect(readSps(SPS_CROPPED)).toEqual({ id: 0, size: { width: 1918, height: 1078 }, colour: null });
  });

  it('calls an IDR without parameter sets malformed', () => {
    expect(assemble(createDepacketizer('h264', ''), [IDR])).toBe('malformed');
  });

  it('remembers no parameter set that is larger than any real one', () => {
    const huge = Buffer.concat([PPS, Buffer.alloc(1_000_000, 0x11)]);
    const depacketizer = createDepacketizer('h264', '');
    expect(assemble(depacketizer, [stapA(SPS, PPS), ...fuA(huge, 800)])).toBe('refused');
    expect(picture(assemble(depacketizer, [IDR])).data).toEqual(annexB(SPS, PPS, IDR));
  });

  it('refuses pictures with a part missing', () => {
    const pieces = fuA(IDR, 3);
    const sets = stapA(SPS, PPS);
    expect(assemble(createDepacketizer('h264', ''), [sets, ...pieces.slice(1)])).toBe('refused');
    expect(assemble(createDepacketizer('h264', ''), [sets, ...pieces.slice(0, 2)])).toBe('malformed');
    expect(assemble(createDepacketizer('h264', ''), [SECOND_SLICE])).toBe('refused');
    expect(assemble(createDepacketizer('h264', ''), [hex('7800ff41')])).toBe('refused');
  });
});

describe('AV1', () => {
  /** As libaom made it for 642x362. */
  const SEQUENCE = hex('0a0b0000000cc5036936be4010');
  const SEQUENCE_BARE = Buffer.concat([hex('08'), SEQUENCE.subarray(2)]);
  const KEY_FRAME = Buffer.concat([hex('30 10 0085a0'), Buffer.alloc(400, 0x5a)]);
  const INTER_FRAME = Buffer.concat([hex('30 30 0085a0'), Buffer.alloc(20, 0x5a)]);
  const sized = (obu: Buffer): Buffer => {
    const length = obu.length - 1;
    const size = length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
    return Buffer.concat([Buffer.from([(obu[0] ?? 0) | 2, ...size]), obu.subarray(1)]);
  };
  const element = (obu: Buffer): Buffer =>
    Buffer.concat([Buffer.from(obu.length < 128 ? [obu.length] : [(obu.length & 0x7f) | 0x80, obu.length >> 7]), obu]);
  const UNIT = Buffer.concat([hex('1200'), sized(SEQUENCE_BARE), sized(KEY_FRAME)]);

  it('puts sizes back, from elements with lengths (W=0)', () => {
    const payload = Buffer.concat([hex('08'), element(SEQUENCE_BARE), element(KEY_FRAME)]);
    const result = picture(assemble(createDepacketizer('av1', ''), [payload]));
    expect(result).toEqual({ data: UNIT, keyframe: true, size: { width: 642, height: 362 }, colour: null });
  });

  it('joins an OBU over three packets (W=2, then 1), and drops delimiters', () => {
    const pieces = cut(KEY_FRAME, 3);
    const [one = KEY_FRAME, two = KEY_FRAME, three = KEY_FRAME] = pieces;
    const payloads = [
      Buffer.concat([hex('78'), element(hex('10')), element(SEQUENCE_BARE), one]),
      Buffer.concat([hex('d0'), two]),
      Buffer.concat([hex('90'), three]),
    ];
    expect(picture(assemble(createDepacketizer('av1', ''), payloads)).data).toEqual(UNIT);
    expect(assemble(createDepacketizer('av1', ''), payloads.slice(1))).toBe('refused');
    expect(assemble(createDepacketizer('av1', ''), payloads.slice(0, 2))).toBe('malformed');
  });

  it('tells inter frames, and keyframes only with their sequence header', () => {
    const depacketizer = createDepacketizer('av1', '');
    expect(assemble(depacketizer, [Buffer.concat([hex('10'), INTER_FRAME])])).toMatchObject({ keyframe: false });
    expect(assemble(depacketizer, [Buffer.concat([hex('10'), KEY_FRAME])])).toMatchObject({ keyframe: false });
    const key = Buffer.concat([hex('28'), element(SEQUENCE_BARE), KEY_FRAME]);
    expect(assemble(depacketizer, [key])).toMatchObject({ keyframe: true });
    expect(assemble(depacketizer, [Buffer.concat([hex('10'), INTER_FRAME])])).toMatchObject({
      keyframe: false,
      size: null,
    });
  });
});

describe('colours that a bitstream tells', () => {
  const told = (codec: 'vp9' | 'h264' | 'av1', payload: Buffer) => {
    const { colour, size } = picture(assemble(createDepacketizer(codec, ''), [payload]));
    expect(size).toEqual({ width: 64, height: 48 });
    return colour;
  };

  /** Fourth byte of libvpx's uncompressed header: color_space and color_range. */
  it.each([
    ['nothing', '0', null],
    ['full range alone', '1', { matrix: null, range: 'full' }],
    ['BT.709', '4', { matrix: 'bt709', range: 'limited' }],
    ['BT.709 in full range', '5', { matrix: 'bt709', range: 'full' }],
    ['SMPTE 170M', '6', { matrix: 'bt601', range: 'limited' }],
    ['BT.2020', 'a', { matrix: 'bt2020', range: 'limited' }],
  ])('VP9: %s', (_, digit, colour) => {
    expect(told('vp9', hex(`8c 01 824983 42${digit}0 03f002f060 38241c184a`))).toEqual(colour);
  });

  /** As x264 made them. */
  it.each([
    ['nothing', '6742c00ada11e840000003004000000f03c489a8', null],
    ['full range alone', '6742c00ada11e9b2000003000200000300781e244d40', { matrix: null, range: 'full' }],
    ['BT.709', '6742c00ada11e9a808080a000003000200000300781e244d40', { matrix: 'bt709', range: 'limited' }],
    ['BT.709 in full range', '6742c00ada11e9b808080a000003000200000300781e244d40', { matrix: 'bt709', range: 'full' }],
    ['SMPTE 170M', '6742c00ada11e9a8101032000003000200000300781e244d40', { matrix: 'bt601', range: 'limited' }],
    ['BT.2020', '6742c00ada11e9a810104a000003000200000300781e244d40', { matrix: 'bt2020', range: 'limited' }],
  ])('H.264: %s', (_, sps, colour) => {
    const nals = [hex(sps), hex('68ce0fc8'), hex('658884ff')];
    const lengths = nals.map((nal) => Buffer.from([0, nal.length]));
    expect(told('h264', Buffer.concat([hex('78'), ...nals.flatMap((nal, i) => [lengths[i] ?? nal, nal])]))).toEqual(
      colour,
    );
  });

  /** As SVT-AV1 made them; full-range BT.709 with the one bit changed. */
  it.each([
    ['nothing', '00000002aff7895f2008', null],
    ['full range alone', '00000002aff7895f2108', { matrix: null, range: 'full' }],
    ['BT.709', '00000002aff7895f2202020208', { matrix: 'bt709', range: 'limited' }],
    ['BT.709 in full range', '00000002aff7895f2202020308', { matrix: 'bt709', range: 'full' }],
    ['SMPTE 170M', '00000002aff7895f2204040c08', { matrix: 'bt601', range: 'limited' }],
    ['BT.2020', '00000002aff7895f2204041208', { matrix: 'bt2020', range: 'limited' }],
  ])('AV1: %s', (_, sequence, colour) => {
    const obu = hex(`08${sequence}`);
    expect(told('av1', Buffer.concat([hex('28'), Buffer.from([obu.length]), obu, hex('30 10 0085a0')]))).toEqual(
      colour,
    );
  });
});

describe.each(VIDEO_CODECS)('hostile %s', (codec) => {
  it('never throws, and leaves the next picture whole', () => {
    const random = seeded(7);
    const depacketizer = createDepacketizer(codec, 'sprop-parameter-sets=%%%,Z0==;x');
    for (let i = 0; i < 3000; i += 1) {
      const payload = Buffer.from(
        Array.from({ length: 1 + Math.floor(random() * 40) }, () => Math.floor(random() * 256)),
      );
      if (!depacketizer.add(payload, random() < 0.5)) depacketizer.reset();
      if (random() < 0.3) depacketizer.take();
    }
    depacketizer.reset();
    if (codec === 'vp8') {
      const frame = vp8Frame({ key: true });
      expect(picture(assemble(depacketizer, vp8Payloads(frame))).data).toEqual(frame);
    }
  });
});
