import { describe, expect, it } from 'vitest';
import { Planner, type TickPlan } from '../../../src/composition/planner.ts';
import type { SessionEvent } from '../../../src/domain/events.ts';
import type { ParticipantId, RecordingId, TrackId } from '../../../src/domain/ids.ts';
import { canvasSize, type LayoutProgram, type LayoutType, type Size } from '../../../src/domain/layout.ts';
import { MediaSpans } from '../../../src/domain/media-spans.ts';
import { NS_PER_S } from '../../../src/domain/media-time.ts';
import type { LayerSource } from '../../../src/timeline/layers.ts';
import type { TimedEvent } from '../../../src/timeline/timeline.ts';
import { TRANSITION_TICKS } from '../../../src/timeline/transitions.ts';
import type { TimelineStream, VideoFrame } from '../../../src/timeline/types.ts';

const RECORDING = 'r'.repeat(24) as RecordingId;
const START_NS = NS_PER_S;
const LAYERS: readonly Size[] = [
  { width: 320, height: 180 },
  { width: 640, height: 360 },
  { width: 1280, height: 720 },
];

/** Everybody of `tracks` sends three layers without end, a keyframe each second. Streams are numbered 3 × track + layer. */
class Senders implements LayerSource {
  readonly #tracks: readonly string[];

  constructor(tracks: readonly string[]) {
    this.#tracks = tracks;
  }

  streamsOf(trackId: TrackId): readonly TimelineStream[] {
    const track = this.#tracks.indexOf(trackId);
    return LAYERS.map((_, layer) => ({
      stream: 3 * track + layer,
      trackId,
      participantId: trackId.split('-')[0] as ParticipantId,
      source: 'camera',
      codec: 'vp8',
      rid: String(layer),
      openedNs: 0,
      closedNs: null,
    }));
  }

  videoFrames(stream: number, fromNs: number, toNs: number): readonly VideoFrame[] {
    const frames: VideoFrame[] = [];
    for (let n = Math.max(0, Math.ceil((fromNs * 30) / NS_PER_S)); (n * NS_PER_S) / 30 < toNs; n++) {
      const timeNs = (n * NS_PER_S) / 30;
      if (timeNs < fromNs) continue;
      const size = LAYERS[stream % 3] ?? null;
      frames.push({ stream, timeNs, keyframe: n % 30 === 0, decodable: true, data: Buffer.alloc(0), size });
    }
    return frames;
  }

  gopBefore(stream: number, ns: number): readonly VideoFrame[] {
    const frames = this.videoFrames(stream, Math.max(0, ns - 2 * NS_PER_S), ns);
    return frames.slice(frames.findLastIndex(({ keyframe }) => keyframe));
  }

  unmutedSince(): number {
    return Number.NEGATIVE_INFINITY;
  }
}

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `p${String(i).padStart(2, '0')}`);
const joined = (people: readonly string[]): SessionEvent[] =>
  people.flatMap((name): SessionEvent[] => [
    { type: 'participant-joined', participant: { participantId: name as ParticipantId, name, hidden: false } },
    {
      type: 'track-published',
      track: {
        trackId: `${name}-camera` as TrackId,
        participantId: name as ParticipantId,
        source: 'camera',
        muted: false,
      },
    },
  ]);
const shares = (name: string): SessionEvent => ({
  type: 'track-published',
  track: {
    trackId: `${name}-screen` as TrackId,
    participantId: name as ParticipantId,
    source: 'screen-video',
    muted: false,
  },
});

interface Play {
  readonly people: number;
  readonly layout: Partial<LayoutProgram>;
  readonly events?: readonly TimedEvent[];
  readonly transitions?: boolean;
}

const play = ({ people, layout, events = [], transitions = false }: Play, ticks: number): TickPlan[] => {
  const all = names(people);
  const source = new Senders(all.flatMap((name) => [`${name}-camera`, `${name}-screen`]));
  const planner = new Planner({
    source,
    recordingId: RECORDING,
    layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 25, ...layout },
    canvas: canvasSize('med', 'landscape'),
    spans: new MediaSpans(START_NS, [], null),
    transitions,
  });
  planner.addEvents([...joined(all).map((event) => ({ atNs: 0, event })), ...events]);
  planner.addLevels(Array.from({ length: Math.ceil(ticks / 3) }, () => ({})));
  return Array.from({ length: ticks }, () => planner.next());
};

/** What is decoded at a tick: tracks, with the number of their layer. */
const decoded = (plan: TickPlan | undefined): string[] =>
  [...(plan?.choices ?? [])].map(([trackId, { stream }]) => `${trackId} ${stream % 3}`).sort();
const cameras = (people: readonly string[], layer: number): string[] => people.map((name) => `${name}-camera ${layer}`);

describe('what is decoded', () => {
  it.each<[LayoutType, number, number, string[]]>([
    ['GRID', 25, 4, cameras(names(4), 1)],
    ['GRID', 25, 9, cameras(names(9), 1)],
    ['GRID', 25, 25, cameras(names(25), 0)],
    ['GRID', 4, 25, cameras(names(4), 1)],
    ['SPOTLIGHT', 25, 25, cameras(names(1), 2)],
    ['SIDEBAR', 25, 25, [...cameras(names(1), 2), ...cameras(names(6).slice(1), 0)]],
  ])('in %s of gridSize %i with %i people is what is seen, in the smallest layer that fills its tile', (...row) => {
    const [type, gridSize, people, expected] = row;
    const plans = play({ people, layout: { type, gridSize } }, 60);
    expect(decoded(plans.at(-1))).toEqual(expected);
  });

  it('is, beside a share, the share and who stands there; and they again when it is over', () => {
    const over: SessionEvent = { type: 'track-unpublished', trackId: 'p07-screen' as TrackId };
    const events = [
      { atNs: START_NS + NS_PER_S, event: shares('p07') },
      { atNs: START_NS + 2 * NS_PER_S, event: over },
    ];
    const plans = play({ people: 25, layout: {}, events }, 90);
    expect(decoded(plans[29])).toHaveLength(25);
    expect(decoded(plans[45])).toEqual([...cameras(names(5), 0), 'p07-screen 2']);
    expect(decoded(plans[61])).toHaveLength(25);
  });

  it('is a share alone where it takes the frame, and no camera', () => {
    const events = [{ atNs: 0, event: shares('p01') }];
    expect(decoded(play({ people: 9, layout: { type: 'SPOTLIGHT' }, events }, 3).at(-1))).toEqual(['p01-screen 2']);
  });

  it('is not the share of somebody who is not pinned, where pins alone are seen', () => {
    const pins: SessionEvent = { type: 'pins-changed', pins: ['p02' as ParticipantId] };
    const events = [
      { atNs: 0, event: shares('p01') },
      { atNs: 0, event: pins },
    ];
    const layout = { type: 'SIDEBAR', priority: 'PIN' } as const;
    expect(decoded(play({ people: 9, layout, events }, 3).at(-1))).toEqual(['p02-camera 2']);
  });

  it('is who leaves the canvas too, until he is out of sight', () => {
    const layout: LayoutProgram = { type: 'SPOTLIGHT', priority: 'PIN', gridSize: 4 };
    const pin = (name: string, atNs: number): TimedEvent => ({
      atNs,
      event: { type: 'pins-changed', pins: [name as ParticipantId] },
    });
    const events = [pin('p00', 0), pin('p01', START_NS + NS_PER_S)];
    const plans = play({ people: 3, layout, events, transitions: true }, 60);
    const both = plans.flatMap((plan, tick) => (plan.choices.size === 2 ? [tick] : []));
    expect(both).toEqual(Array.from({ length: TRANSITION_TICKS - 1 }, (_, i) => 30 + i));
    expect(plans.flatMap(({ flights }, tick) => (flights ? [tick] : []))).toEqual(both);
    expect(plans.flatMap(({ changed }, tick) => (changed ? [tick] : []))).toEqual([0, 30]);
    expect(decoded(plans.at(-1))).toEqual(['p01-camera 2']);
  });
});
