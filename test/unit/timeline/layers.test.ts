import { describe, expect, it } from 'vitest';
import type { Size } from '../../../src/domain/layout.ts';
import { FRAME_RATE } from '../../../src/domain/media-time.ts';
import { LayerSelector, type LayerSource, type ShownPlace } from '../../../src/timeline/layers.ts';
import type { TimelineStream, VideoFrame } from '../../../src/timeline/types.ts';
import { MS, participant, S, seeded, track } from './support/session.ts';

const TRACK = track('t');
const SIZES: Record<string, Size> = {
  q: { width: 320, height: 180 },
  h: { width: 640, height: 360 },
  f: { width: 1280, height: 720 },
};
const DATA = Buffer.alloc(0);

interface LayerScript {
  readonly rid: string;
  /** `[from, to)` in ms: a frame every 33 ms, the first of each a keyframe, then one every `keyEveryMs`. */
  readonly sends: readonly (readonly [number, number])[];
  readonly keyEveryMs?: number;
  readonly closedMs?: number;
  /** Undecodable from here to the next keyframe. */
  readonly lossMs?: number;
}

class Script implements LayerSource {
  readonly #layers: { view: TimelineStream; frames: VideoFrame[] }[];
  readonly #unmuted: (ns: number) => number | null;

  constructor(layers: readonly LayerScript[], unmuted: (ns: number) => number | null = () => Number.NEGATIVE_INFINITY) {
    this.#unmuted = unmuted;
    this.#layers = layers.map(({ rid, sends, keyEveryMs = 1000, closedMs, lossMs }, i) => {
      const stream = i + 1;
      const frames: VideoFrame[] = [];
      for (const [from, to] of sends) {
        let keyframe = from;
        let broken = false;
        for (let n = 0, ms = from; ms < to; n += 1, ms = from + (n * 1000) / 30) {
          const key = ms >= keyframe;
          if (key) keyframe += keyEveryMs;
          broken = !key && (broken || (lossMs !== undefined && ms >= lossMs && ms < lossMs + 40));
          frames.push({
            stream,
            timeNs: ms * MS,
            keyframe: key,
            decodable: !broken,
            data: DATA,
            size: SIZES[rid] ?? null,
          });
        }
      }
      const view: TimelineStream = {
        stream,
        trackId: TRACK,
        participantId: participant('a'),
        source: 'camera',
        codec: 'vp8',
        rid,
        openedNs: 0,
        closedNs: closedMs === undefined ? null : closedMs * MS,
      };
      return { view, frames };
    });
  }

  streamsOf(): TimelineStream[] {
    return this.#layers.map(({ view }) => view);
  }
  videoFrames(stream: number, fromNs: number, toNs: number): VideoFrame[] {
    return (this.#layers[stream - 1]?.frames ?? []).filter(({ timeNs }) => timeNs >= fromNs && timeNs < toNs);
  }
  gopBefore(stream: number, ns: number): VideoFrame[] {
    const before = this.videoFrames(stream, 0, ns);
    const key = before.findLastIndex(({ keyframe }) => keyframe);
    return key < 0 ? [] : before.slice(key);
  }
  unmutedSince(_: unknown, ns: number): number | null {
    return this.#unmuted(ns);
  }
}

/** Asks every tick of [from, to) ms; tells when which layer was entered, and checks that a decoder could follow. */
const run = (
  source: Script,
  options: {
    from?: number;
    to?: number;
    tile?: (ms: number) => ShownPlace;
    start?: number;
    stream?: number | null;
  } = {},
) => {
  const { from = 0, to = 5000, tile = () => SIZES.h ?? { width: 1, height: 1 }, start = 0, stream = null } = options;
  const selector = new LayerSelector(source, TRACK, start * MS, stream);
  const entered: string[] = [];
  const ages: number[] = [];
  let last: VideoFrame | null = null;
  for (let n = 0, ms = from; ms < to; n += 1, ms = from + (n * 1000) / FRAME_RATE) {
    const choice = selector.select(ms * MS, tile(ms));
    if (choice === null) {
      if (entered.at(-1)?.startsWith('-') !== true) entered.push(`-@${Math.round(ms)}`);
      continue;
    }
    if (choice.restart) {
      entered.push(`${choice.stream}@${Math.round(ms)}`);
      expect(choice.frames[0]?.keyframe).toBe(true);
      last = null;
    }
    for (const frame of choice.frames) {
      expect(frame.decodable).toBe(true);
      expect(frame.stream).toBe(choice.stream);
      if (last !== null) expect(frame.timeNs).toBeGreaterThan(last.timeNs);
      last = frame;
    }
    expect(choice.timeNs).toBe(last?.timeNs);
    ages.push(ms - choice.timeNs / MS);
  }
  return { entered, ages, selector };
};

const all = [[0, 5000]] as const;
const q = { rid: 'q', sends: all };
const h = { rid: 'h', sends: all };
const f = { rid: 'f', sends: all };

describe('which layer', () => {
  it.each<[string, Size, number]>([
    ['exactly its size', { width: 640, height: 360 }, 2],
    ['a little larger: near enough', { width: 720, height: 404 }, 2],
    ['clearly larger', { width: 800, height: 450 }, 3],
    ['tiny', { width: 160, height: 90 }, 1],
    ['larger than any', { width: 1920, height: 1080 }, 3],
    ['tall: both sides must do', { width: 300, height: 700 }, 3],
  ])('fills a tile of %s', (_, size, stream) => {
    expect(run(new Script([q, h, f]), { tile: () => size }).entered).toEqual([`${stream}@0`]);
  });

  it.each<[string, Size, number]>([
    ['a landscape picture on an upright canvas', { width: 720, height: 1280 }, 2],
    ['a screen in a high area', { width: 704, height: 620 }, 2],
    ['a screen in a wide area', { width: 1020, height: 342 }, 2],
    ['a screen in an area that is larger both ways', { width: 1020, height: 696 }, 3],
  ])('is fitted whole: %s', (_, size, stream) => {
    const tile = () => ({ ...size, fit: 'contain' as const });
    expect(run(new Script([q, h, f]), { tile }).entered).toEqual([`${stream}@0`]);
  });

  it('changes at a keyframe of the one wanted, when the tile grows', () => {
    const tile = (ms: number): Size => (ms < 1500 ? { width: 320, height: 180 } : { width: 1280, height: 720 });
    expect(run(new Script([q, h, f]), { tile }).entered).toEqual(['1@0', '3@2000']);
  });

  it('shows no frame older than needed', () => {
    const { ages } = run(new Script([q, h, f]));
    expect(Math.max(...ages)).toBeLessThan(34);
    expect(Math.min(...ages)).toBeGreaterThan(-17);
  });
});

describe('a layer that fails', () => {
  it('by silence is left after a second, and taken again at its keyframe', () => {
    const source = new Script([
      q,
      {
        rid: 'h',
        sends: [
          [0, 1500],
          [3500, 5000],
        ],
      },
    ]);
    const { entered } = run(source);
    expect(entered[0]).toBe('2@0');
    expect(entered[1]).toMatch(/^1@2[45]/);
    expect(entered.slice(2)).toEqual(['2@3500']);
  });

  it('by a loss is left at once, for one that has newer pictures', () => {
    const { entered, ages } = run(new Script([q, { ...h, lossMs: 1300 }]));
    expect(entered).toEqual(['2@0', '1@1300', '2@2000']);
    expect(Math.max(...ages)).toBeLessThan(50);
  });

  it('is not left because a screen stands still, though another was the last to say so', () => {
    const still = (rid: string, ms: number) => ({ rid, sends: [[0, ms]] as const });
    expect(run(new Script([still('q', 2040), still('h', 2000)])).entered).toEqual(['2@0']);
  });

  it('keeps its last picture where there is no other', () => {
    expect(run(new Script([{ rid: 'h', sends: [[0, 1500]] }])).entered).toEqual(['1@0']);
    expect(run(new Script([{ ...h, lossMs: 1300, keyEveryMs: 2000 }])).entered).toEqual(['1@0']);
  });
});

describe('layers that come and go as they like', () => {
  /** Sends for a while, then not, and so on; loses something once. */
  const unsteady = (rid: string, random: () => number): LayerScript => {
    const sends: [number, number][] = [];
    for (let ms = random() < 0.7 ? 0 : 2500 * random(); ms < 12_000; ms += 200 + 4000 * random()) {
      const until = Math.min(12_000, ms + 100 + 5000 * random());
      sends.push([ms, until]);
      ms = until;
    }
    return { rid, sends, keyEveryMs: 700 + 3000 * random(), lossMs: 12_000 * random() };
  };

  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'are all a fallback within a second (%i): what is shown is never older than what another has by more',
    (seed) => {
      const random = seeded(seed + 1);
      const source = new Script(['q', 'h', 'f'].map((rid) => unsteady(rid, random)));
      const decodable = source.streamsOf().flatMap(({ stream }) => {
        return source.videoFrames(stream, 0, 12 * S).filter((frame) => frame.decodable);
      });
      const tile = SIZES[['q', 'h', 'f'][seed % 3] ?? 'h'] ?? { width: 1, height: 1 };
      const selector = new LayerSelector(source, TRACK, 0);
      for (let tick = 0; tick < 360; tick++) {
        const atNs = (tick * S) / FRAME_RATE;
        const choice = selector.select(atNs, tile);
        const newestNs = Math.max(...decodable.flatMap(({ timeNs }) => (timeNs < atNs + S / 60 ? [timeNs] : [])));
        if (newestNs === Number.NEGATIVE_INFINITY) continue;
        expect(choice, `at ${atNs / S} s`).not.toBeNull();
        expect((newestNs - (choice?.timeNs ?? 0)) / MS, `at ${atNs / S} s`).toBeLessThanOrEqual(1000);
      }
    },
  );
});

describe('a new epoch', () => {
  it('takes over at its first keyframe, whatever the old one still sends', () => {
    const source = new Script([h, { rid: 'h', sends: [[2000, 5000]] }]);
    expect(run(source).entered).toEqual(['1@0', '2@2000']);
  });

  it('takes over without simulcast from one that has ended', () => {
    const source = new Script([
      { ...f, sends: [[0, 2000]], closedMs: 2000 },
      { rid: 'q', sends: [[2500, 5000]] },
    ]);
    expect(run(source, { tile: () => SIZES.f ?? { width: 1, height: 1 } }).entered).toEqual(['1@0', '2@2500']);
  });
});

describe('the first picture', () => {
  it('is shown from the recording start when it comes within 500 ms', () => {
    const { entered, ages } = run(new Script([{ rid: 'h', sends: [[400, 5000]] }]));
    expect(entered).toEqual(['1@0']);
    expect(Math.min(...ages)).toBeCloseTo(-400, 3);
  });

  it('is not waited for longer, nor later', () => {
    expect(run(new Script([{ rid: 'h', sends: [[600, 5000]] }])).entered).toEqual(['-@0', '1@600']);
    expect(run(new Script([{ rid: 'h', sends: [[1200, 5000]] }]), { from: 1000 }).entered).toEqual([
      '-@1000',
      '1@1200',
    ]);
  });

  it('after unmuting is a new one', () => {
    const unmuted = (ns: number) => (ns < 2 * S ? Number.NEGATIVE_INFINITY : ns < 3 * S ? null : 3 * S);
    const source = new Script(
      [
        {
          rid: 'h',
          sends: [
            [0, 2000],
            [3300, 5000],
          ],
        },
      ],
      unmuted,
    );
    expect(run(source).entered).toEqual(['1@0', '-@2000', '1@3300']);
  });
});

describe('a selector', () => {
  it('enters anew where ticks were left out', () => {
    const selector = new LayerSelector(new Script([h]), TRACK, 0);
    expect(selector.select(100 * MS, SIZES.h ?? { width: 1, height: 1 })?.restart).toBe(true);
    expect(selector.select(133 * MS, SIZES.h ?? { width: 1, height: 1 })?.restart).toBe(false);
    const again = selector.select(1700 * MS, SIZES.h ?? { width: 1, height: 1 });
    expect(again?.restart).toBe(true);
    expect(again?.frames[0]?.timeNs).toBe(1000 * MS);
  });

  it('goes on with the layer of its state, though another is wanted', () => {
    const tile = (): Size => ({ width: 1280, height: 720 });
    const { entered } = run(new Script([q, h, f]), { from: 1500, tile, stream: 1 });
    expect(entered).toEqual(['1@1500', '3@2000']);
  });
});
