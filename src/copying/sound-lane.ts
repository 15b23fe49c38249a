/** Which Opus packets of one source go into a file that copies them: those that arrived while it was on, in order, none twice. Pure. */
import type { ParticipantId, TrackId } from '../domain/ids.ts';
import type { TrackSource } from '../domain/media.ts';
import { NS_PER_MS, type SessionTimeNs } from '../domain/media-time.ts';
import type { TimedEvent } from '../timeline/timeline.ts';
import type { AudioPacket, TimelineStream } from '../timeline/types.ts';
import { type Change, Stretches } from './stretches.ts';

/** The part of a timeline that is copied. */
export interface SoundSource {
  readonly events: readonly TimedEvent[];
  streams(): Iterable<TimelineStream>;
  audioPackets(stream: number, fromNs: SessionTimeNs, toNs: SessionTimeNs): readonly AudioPacket[];
}

export interface SoundPacket {
  readonly startNs: SessionTimeNs;
  readonly endNs: SessionTimeNs;
  readonly data: Buffer;
}

export type SoundStep =
  | ({ readonly type: 'sound' } & SoundPacket)
  | { readonly type: 'off'; readonly atNs: SessionTimeNs }
  | { readonly type: 'on'; readonly atNs: SessionTimeNs };

/** Two epochs of a microphone may meet a little early. */
const OVERLAP_NS = 5 * NS_PER_MS;

export class SoundLane {
  readonly #source: SoundSource;
  readonly #participantId: ParticipantId;
  readonly #wanted: TrackSource;
  readonly #stretches: Stretches;
  #on: TrackId | null = null;
  #endNs: SessionTimeNs = Number.NEGATIVE_INFINITY;

  constructor(source: SoundSource, participantId: ParticipantId, wanted: TrackSource) {
    this.#source = source;
    this.#participantId = participantId;
    this.#wanted = wanted;
    this.#stretches = new Stretches(participantId, wanted);
  }

  /** What begins in [from, to), in order. Ask for window after window; the source must be settled to `toNs`. */
  steps(fromNs: SessionTimeNs, toNs: SessionTimeNs): SoundStep[] {
    this.#stretches.take(this.#source.events);
    const steps: SoundStep[] = [];
    const changes = this.#stretches.before(toNs);
    for (const { view, packet } of this.#packets(fromNs, toNs)) {
      while (changes[0] && changes[0].atNs <= packet.startNs) {
        steps.push(...this.#change(changes.shift() as Change, fromNs));
      }
      const { startNs, endNs, data } = packet;
      if (view.trackId !== this.#on || data === null || startNs < this.#endNs - OVERLAP_NS) continue;
      this.#endNs = endNs;
      steps.push({ type: 'sound', startNs, endNs, data });
    }
    for (const change of changes) steps.push(...this.#change(change, fromNs));
    return steps;
  }

  #change({ atNs, on }: Change, fromNs: SessionTimeNs): SoundStep[] {
    const before = this.#on;
    this.#on = on;
    const at = Math.max(atNs, fromNs);
    const off: SoundStep[] = before === null ? [] : [{ type: 'off', atNs: at }];
    return on === null ? off : [...off, { type: 'on', atNs: at }];
  }

  #packets(fromNs: SessionTimeNs, toNs: SessionTimeNs): { view: TimelineStream; packet: AudioPacket }[] {
    const packets: { view: TimelineStream; packet: AudioPacket }[] = [];
    for (const view of this.#source.streams()) {
      if (view.participantId !== this.#participantId || view.source !== this.#wanted) continue;
      for (const packet of this.#source.audioPackets(view.stream, fromNs, toNs)) {
        if (packet.startNs >= fromNs) packets.push({ view, packet });
      }
    }
    return packets.sort((a, b) => a.packet.startNs - b.packet.startNs);
  }
}
