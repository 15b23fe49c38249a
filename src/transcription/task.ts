/**
 * What the server process and a transcriber process say to each other over the server's listen socket (`support/ipc.ts`). The transcriber
 * dials, names its lease and is told its task; it says what is spoken, utterance by utterance, and waits each time until that is kept. So
 * whoever takes its place after it died is told what need not be heard again.
 */
import { z } from 'zod';

export const LISTEN_VERSION = 1;

const trackSource = z.enum(['camera', 'microphone', 'screen-video', 'screen-audio']);

/** A packet of sound, as the journal numbers it; or a stretch of speech, by its speaker. Either may kill who takes it (`composition/setbacks.ts`). */
export const hazard = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('packet'), stream: z.number(), timeNs: z.number() }),
  z.object({ kind: z.literal('speech'), speakerId: z.string(), start: z.number() }),
]);
export type Hazard = z.infer<typeof hazard>;

/** How far a transcription is: where another process goes on. */
export const heardSoFar = z.object({
  /** Media time, s: all speech that began before this has been told. */
  seconds: z.number().min(0),
  /** Where the last utterance told of each speaker ends, s, by the speaker's id: some may reach beyond `seconds`. */
  speakers: z.record(z.string(), z.number().min(0)),
});
export type HeardSoFar = z.infer<typeof heardSoFar>;

/** Files of a model in its folder, and how it is run (`models/catalogue.ts`). */
export const modelFiles = z.object({
  name: z.string(),
  /** Absolute. */
  folder: z.string(),
  kind: z.enum(['moonshine', 'whisper', 'sense-voice', 'transducer']),
  files: z.record(z.string(), z.string()),
  languages: z.array(z.string()).readonly().nullable(),
});
export type ModelFiles = z.infer<typeof modelFiles>;

/** Everything a transcriber needs; it reads the journal from disk, and touches neither database nor network. */
export const transcriptionTask = z.object({
  version: z.literal(LISTEN_VERSION),
  transcriptionId: z.string(),
  recordingId: z.string(),
  journalDir: z.string(),
  /** BCP-47; null: whatever is spoken. */
  language: z.string().nullable(),
  /** Present: these alone are heard, by these of their tracks. */
  participants: z
    .array(z.object({ participantId: z.string(), sources: z.array(trackSource).readonly() }))
    .readonly()
    .optional(),
  /** They are not heard. */
  excludeParticipants: z.array(z.string()).readonly(),
  heard: heardSoFar,
  /** Who hears; its name goes with the transcript. */
  engine: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('embedded'), model: modelFiles }),
    /** The server process asks it (`transcribe`), so many stretches at once. */
    z.object({ kind: z.literal('endpoint'), name: z.string(), concurrency: z.number().int().min(1) }),
  ]),
  /** Absolute path of the voice activity model. */
  voiceModel: z.string(),
  /** Over these processes died: packets are silent, speech is passed over. */
  shunned: z.array(hazard).readonly(),
  /** Processes died here: each hazard is named (`attempt`) before it is taken, one at a time. */
  careful: z.boolean(),
});
export type TranscriptionTask = z.infer<typeof transcriptionTask>;

export const speaker = z.object({
  id: z.string(),
  participantId: z.string(),
  kind: z.enum(['microphone', 'screen']),
  name: z.string(),
});

const spokenWord = z.object({ start: z.number(), end: z.number(), word: z.string() });

export const utterance = z.object({
  start: z.number().min(0),
  end: z.number().min(0),
  speakerId: z.string(),
  text: z.string(),
  language: z.string().nullable(),
  words: z.array(spokenWord).readonly().nullable(),
});

/** Requests of the transcriber to the server. */
export const listenMethods = {
  /** First call. `lease` came in the environment of the process. Answers the task. */
  hello: {
    params: z.object({ version: z.number(), lease: z.string(), pid: z.number() }),
    result: transcriptionTask,
  },
  /** An utterance is finished. Answered once it is kept. */
  spoken: { params: z.object({ speaker, utterance }), result: z.object({}) },
  /** All speech that began before this media time has been told. Answered once that is kept. */
  heard: { params: z.object({ seconds: z.number().min(0) }), result: z.object({}) },
  /** Asks the endpoint. `pcm`: base64 of 16-bit little-endian mono samples at 16 kHz. */
  transcribe: {
    params: z.object({ pcm: z.base64(), language: z.string().nullable() }),
    result: z.object({
      text: z.string(),
      language: z.string().nullable(),
      words: z.array(spokenWord).readonly().nullable(),
    }),
  },
  /** It will now take this. Answered before it does, so that it is known should it die over it. */
  attempt: { params: z.object({ hazard }), result: z.object({}) },
  /** The recording has been heard to its end. `engine`: who heard it. */
  complete: { params: z.object({ durationSeconds: z.number().min(0), engine: z.string() }), result: z.object({}) },
  /**
   * This process is about to end. `failed`: another one would fail, too. `hindered`: another may succeed when the machine, or the
   * endpoint, has what is lacking. `died`: another may succeed at once.
   */
  stumbled: {
    params: z.object({ reason: z.string(), verdict: z.enum(['failed', 'hindered', 'died']) }),
    result: z.object({}),
  },
} as const;

/** Events of the transcriber. */
export const listenEvent = z.discriminatedUnion('type', [
  /** It gets on, or waits for the journal. Once a second; who is silent for minutes hangs. */
  z.object({ type: z.literal('alive') }),
  /** Engine and journal are open: its turn begins. */
  z.object({ type: z.literal('ready') }),
  /** What was named last has been taken. */
  z.object({ type: z.literal('attempted') }),
]);
export type ListenEvent = z.infer<typeof listenEvent>;

/** Events of the server. */
export const listenNotice = z.discriminatedUnion('type', [
  /** Nobody writes this journal any more: what is there is all. */
  z.object({ type: z.literal('journal-ended') }),
  /** The recording is over: its stop is in the journal, or never will be. */
  z.object({ type: z.literal('recording-stopped') }),
  /** Others wait: end in order when the utterance under way is told. */
  z.object({ type: z.literal('give-way') }),
]);
export type ListenNotice = z.infer<typeof listenNotice>;
