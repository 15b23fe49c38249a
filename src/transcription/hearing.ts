/**
 * Hears a recording from its journal, while that is written or afterwards: window after window of media time, speaker after speaker; what
 * voice activity cuts out is given to the engine, and what it understands is told. Entered anywhere (`heard`), it goes on where somebody
 * else was.
 *
 * Told in order for each speaker; between speakers in the order in which stretches end, or the engine answers.
 */
import type { DecodeSound } from '../composition/careful-decoding.ts';
import type { RecordingId } from '../domain/ids.ts';
import { MediaSpans } from '../domain/media-spans.ts';
import { FRAME_RATE, type SessionTimeNs } from '../domain/media-time.ts';
import type { Speaker, Utterance } from '../domain/transcript.ts';
import type { Timeline } from '../timeline/timeline.ts';
import { type Heard, SPEECH_RATE, type TranscriptionEngine } from './engine.ts';
import { Roster, type RosterOptions } from './roster.ts';
import type { HeardSoFar } from './task.ts';
import { trackSound } from './track-sound.ts';
import { type Stretch, VoiceActivity } from './voice-activity.ts';

/** Heard at a time: a second. Captions wait for it; decoders are run in anew for each (0.2 s). */
const WINDOW_TICKS = 30;
/** How far beyond its end a window reaches: Opus' look-ahead and the filter are 8 ms, these are 33. */
const LOOK_AHEAD_TICKS = 1;
/** Where somebody else was, voice activity runs in for so long. */
const RUN_IN_S = 0.5;
/** Progress is kept this often, in media time: what would be heard again is this much. */
const TOLD_EVERY_S = 10;
/** What is left of a stretch that somebody else told of must be this long to be heard. */
const LEAST_S = 0.2;

/** −66 dB of full scale: who is muted sends less, whoever whispers sends ten times as much. */
const AUDIBLE = 0.0005;

const isAudible = (sound: Float32Array): boolean => sound.some((sample) => Math.abs(sample) > AUDIBLE);

const samplesAt = (tick: number): number => Math.round((tick * SPEECH_RATE) / FRAME_RATE);

/** A journal that is being read. */
export interface HeardJournal {
  readonly timeline: Timeline;
  /** Pushes some more records into the timeline, waiting for them if need be. False: there are no more. */
  advance(): Promise<boolean>;
}

export interface HearingOptions extends RosterOptions {
  readonly journal: HeardJournal;
  readonly recordingId: RecordingId;
  /** BCP-47; null: whatever is spoken. */
  readonly language: string | null;
  readonly heard: HeardSoFar;
  readonly engine: TranscriptionEngine;
  /** Path of the Silero model. */
  readonly voiceModel: string;
  /** How packets are decoded. */
  readonly decode: DecodeSound;
  /** Asks the engine, or does not: null, the stretch is passed over. */
  readonly guard: (speakerId: string, start: number, ask: () => Promise<Heard>) => Promise<Heard | null>;
  /** Resolves when it is kept. */
  readonly onUtterance: (speaker: Speaker, utterance: Utterance) => Promise<void>;
  /** All speech that begins before this has been told. Resolves when that is kept. */
  readonly onHeard: (seconds: number) => Promise<void>;
  /** It gets on. */
  readonly onStep: () => void;
  /** True: end at the next window, but not before one has been heard, if there is one; what is under way is told. */
  readonly shouldStop: () => boolean;
}

interface Listening {
  /** As the room knows them now. */
  speaker: Speaker;
  /** Null: nothing has come of them for a while. */
  voice: VoiceActivity | null;
  /** Ends when all that was found so far of this speaker is told. */
  told: Promise<void>;
  /** Where what is not told yet begins, of each stretch. */
  readonly untold: Set<number>;
}

export class Hearing {
  readonly #options: HearingOptions;
  readonly #roster: Roster;
  readonly #listening = new Map<string, Listening>();
  /** Detectors that nobody uses: each holds 13 MB. */
  readonly #spare: VoiceActivity[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | null = null;
  readonly #firstTick: number;
  #tick: number;
  #toldSeconds: number;

  constructor(options: HearingOptions) {
    this.#options = options;
    this.#roster = new Roster(options);
    this.#firstTick = Math.floor(Math.max(0, options.heard.seconds - RUN_IN_S) * FRAME_RATE);
    this.#tick = this.#firstTick;
    this.#toldSeconds = options.heard.seconds;
  }

  /** Hears to the end. Resolves to the recording's length, s, or null where it was stopped before. Rejects as the engine or the keeper does. */
  async run(): Promise<number | null> {
    const { onHeard } = this.#options;
    for (;;) {
      if (this.#shouldStop) return this.#stopped();
      const spans = await this.#reach(this.#tick + WINDOW_TICKS + LOOK_AHEAD_TICKS);
      if (!spans) return this.#stopped();
      const total = spans.totalTicks ?? Number.POSITIVE_INFINITY;
      const end = Math.min(this.#tick + WINDOW_TICKS, total);
      if (end > this.#tick) await this.#window(spans, this.#tick, end);
      this.#tick = Math.max(end, this.#tick);
      if (this.#tick < total) {
        await this.#tellHeard();
        continue;
      }
      await this.#finish();
      const seconds = total / FRAME_RATE;
      await onHeard(seconds);
      return seconds;
    }
  }

  /** Reads on until everything before this tick is final; null where it is told to stop while it waits. */
  async #reach(tick: number): Promise<MediaSpans | null> {
    const { journal, onStep, shouldStop, recordingId } = this.#options;
    for (;;) {
      const spans = this.#spans();
      const neededNs = spans && this.#neededNs(spans, tick);
      if (spans && neededNs !== null && journal.timeline.settledNs >= neededNs) return spans;
      if (this.#shouldStop) return null;
      const isMore = await journal.advance();
      onStep();
      if (isMore) continue;
      if (shouldStop()) return null;
      if (!spans) throw new Error(`The journal holds no start of recording ${recordingId}.`);
      journal.timeline.finish();
    }
  }

  /** Whoever has a short turn on a busy machine gets on all the same. */
  get #shouldStop(): boolean {
    return this.#tick > this.#firstTick && this.#options.shouldStop();
  }

  /** Where the ticks before this one reach; at the end of a recording no further. Null: nobody knows yet (it is paused). */
  #neededNs(spans: MediaSpans, tick: number): SessionTimeNs | null {
    return spans.reachNs(Math.min(tick, (spans.totalTicks ?? Number.POSITIVE_INFINITY) + LOOK_AHEAD_TICKS));
  }

  #spans(): MediaSpans | null {
    const { timeline } = this.#options.journal;
    const recording = timeline.recordings.get(this.#options.recordingId);
    if (!recording) return null;
    const over = timeline.settledNs === Number.POSITIVE_INFINITY;
    return new MediaSpans(recording.startNs, recording.pauses, recording.stopNs ?? (over ? timeline.arrivalNs : null));
  }

  async #window(spans: MediaSpans, fromTick: number, toTick: number): Promise<void> {
    const { journal, decode, onStep } = this.#options;
    const { timeline } = journal;
    const [from, to] = [samplesAt(fromTick), samplesAt(toTick)];
    this.#roster.take(timeline.events);
    const present = new Map(this.#roster.speakers(timeline.streams()).map((one) => [one.speaker.id, one]));
    for (const { speaker } of present.values()) this.#listenTo(speaker);
    for (const [id, listening] of this.#listening) {
      // Streams that ended long ago are forgotten; their speakers may come back.
      const streams = present.get(id)?.streams ?? [];
      const sound = await trackSound(timeline, streams, { spans, from, to, decode });
      for (const stretch of this.#cut(listening, sound && isAudible(sound) ? sound : null, from, to)) {
        await this.#tell(listening, stretch);
      }
      onStep();
    }
    timeline.discardBefore(spans.reachNs(toTick) ?? Number.NEGATIVE_INFINITY);
  }

  #listenTo(speaker: Speaker): void {
    const known = this.#listening.get(speaker.id);
    if (known) known.speaker = speaker;
    else this.#listening.set(speaker.id, { speaker, voice: null, told: Promise.resolve(), untold: new Set() });
  }

  /** What ended of somebody's speech. Who is silent needs no detector: there may be hundreds of them. */
  #cut(listening: Listening, sound: Float32Array | null, from: number, to: number): Stretch[] {
    if (sound) {
      listening.voice ??= this.#detector(from);
      return listening.voice.hear(sound);
    }
    const { voice } = listening;
    if (!voice) return [];
    const ended = voice.hearNothing(to - from);
    if (voice.isIdle) {
      listening.voice = null;
      this.#spare.push(voice);
    }
    return ended;
  }

  #detector(from: number): VoiceActivity {
    const spare = this.#spare.pop();
    spare?.begin(from);
    return spare ?? new VoiceActivity(this.#options.voiceModel, from);
  }

  /** Has a stretch heard and told; resolves as soon as the engine has room for another. */
  async #tell(listening: Listening, stretch: Stretch): Promise<void> {
    const { engine, heard } = this.#options;
    const { speaker } = listening;
    const from = Math.max(stretch.from, Math.round((heard.speakers[speaker.id] ?? 0) * SPEECH_RATE));
    if (stretch.to - from < LEAST_S * SPEECH_RATE) return;
    while (this.#underWay.size >= engine.concurrency) await Promise.race(this.#underWay);
    this.#throwFailure();
    listening.untold.add(from);
    const before = listening.told;
    const work = this.#hear(speaker, stretch, from, before)
      .then(
        () => void listening.untold.delete(from),
        (error: unknown) => {
          this.#failure ??= { error };
        },
      )
      .finally(() => this.#underWay.delete(work));
    listening.told = work;
    this.#underWay.add(work);
    if (engine.concurrency === 1) {
      await work;
      this.#throwFailure();
    }
  }

  async #hear(speaker: Speaker, stretch: Stretch, from: number, before: Promise<void>): Promise<void> {
    const { engine, language, guard, onUtterance, onStep } = this.#options;
    const soundFrom = Math.max(stretch.soundFrom, from === stretch.from ? 0 : from);
    const sound = stretch.sound.subarray(soundFrom - stretch.soundFrom);
    const start = from / SPEECH_RATE;
    const heard = await guard(speaker.id, start, () => engine.transcribe(sound, { language }));
    onStep();
    await before;
    if (!heard || heard.text === '' || this.#failure) return;
    const end = stretch.to / SPEECH_RATE;
    const words = heard.words && within(heard.words, soundFrom / SPEECH_RATE, start, end);
    await onUtterance(speaker, {
      start,
      end,
      speakerId: speaker.id,
      text: heard.text,
      language: heard.language,
      words,
    });
  }

  async #tellHeard(): Promise<void> {
    const seconds = this.#settledSeconds();
    if (seconds < this.#toldSeconds + TOLD_EVERY_S) return;
    await this.#options.onHeard(seconds);
    this.#toldSeconds = seconds;
  }

  /** Before this, all speech that has begun is told. */
  #settledSeconds(): number {
    const all = [...this.#listening.values()];
    const settled = all.flatMap(({ voice, untold }) => [...(voice ? [voice.settled] : []), ...untold]);
    return Math.max(0, Math.min(samplesAt(this.#tick), ...settled) / SPEECH_RATE);
  }

  /** Tells what is under way; what has just begun to be spoken is for whoever goes on. */
  async #stopped(): Promise<null> {
    await this.#drain();
    await this.#options.onHeard(this.#settledSeconds());
    return null;
  }

  async #finish(): Promise<void> {
    for (const listening of this.#listening.values()) {
      for (const stretch of listening.voice?.flush() ?? []) await this.#tell(listening, stretch);
    }
    await this.#drain();
  }

  async #drain(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}

/** Words at their media time, none of them outside the utterance. */
const within = (words: NonNullable<Heard['words']>, zero: number, start: number, end: number): Utterance['words'] =>
  words.map(({ word, ...at }) => {
    const from = Math.min(end, Math.max(start, zero + at.start));
    return { word, start: from, end: Math.min(end, Math.max(from, zero + at.end)) };
  });
