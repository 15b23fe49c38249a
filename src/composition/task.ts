/**
 * What the server process and a compositor process say to each other over the server's work socket (`support/ipc.ts`). The compositor
 * dials, names its lease and asks for work; when the connection closes, it exits: whoever leads the composition next starts another
 * one in another fenced folder, and finished segments are taken over from the former by rename.
 */
import { z } from 'zod';
import { INCIDENT_TYPES } from '../domain/incidents.ts';

export const WORK_VERSION = 3;

const trackSource = z.enum(['camera', 'microphone', 'screen-video', 'screen-audio']);

const watermarkConfig = z.object({
  /** Absolute path of a PNG or JPEG. */
  image: z.string().nullable(),
  text: z.string(),
  /** IANA name: date and time there are shown, of this recording that began at `startedAtMs` (since 1970). */
  timezone: z.string().nullable(),
  startedAtMs: z.number(),
  place: z.enum(['top-left', 'top-right', 'bottom-left', 'bottom-right', 'center']),
});

export const compositionConfig = z.object({
  width: z.number().int().positive().multipleOf(2),
  height: z.number().int().positive().multipleOf(2),
  mode: z.enum(['video-and-audio', 'audio']),
  /** Absent: MP4. */
  fileFormat: z.enum(['mp4', 'webm']).optional(),
  theme: z.enum(['DARK', 'LIGHT', 'DEFAULT']),
  /** In force at the start; changes are events in the journal. */
  layout: z.object({
    type: z.enum(['GRID', 'SPOTLIGHT', 'SIDEBAR']),
    priority: z.enum(['SPEAKER', 'PIN']),
    gridSize: z.number().int().min(1).max(25),
  }),
  /** Present: these alone are seen and heard, by these of their tracks. */
  participants: z
    .array(z.object({ participantId: z.string(), sources: z.array(trackSource).readonly() }))
    .readonly()
    .optional(),
  watermarks: z.array(watermarkConfig).max(3).readonly().optional(),
  /** Tiles are eased to their places. Absent: they are. */
  transitions: z.boolean().optional(),
  /** The layout holds from start to end; the journal's changes are passed over. */
  fixedLayout: z.boolean().optional(),
  /** Participants who are left out: neither seen nor heard. */
  excludeParticipants: z.array(z.string()).readonly().optional(),
});
export type CompositionConfig = z.infer<typeof compositionConfig>;
export type WatermarkConfig = z.infer<typeof watermarkConfig>;

/** A frame of a stream, as the journal numbers both. */
const frameRef = z.object({ stream: z.number(), timeNs: z.number() });

/** What the journal or a decoder showed (`domain/incidents.ts`). */
export const incident = z.object({
  type: z.enum(INCIDENT_TYPES),
  key: z.string(),
  fromSeconds: z.number().nullable(),
  toSeconds: z.number().nullable(),
  atMs: z.number(),
  message: z.string(),
  participantId: z.string().optional(),
  source: trackSource.optional(),
});
export type IncidentTold = z.infer<typeof incident>;

/** Instead of rendering: coded packets are copied (`copying/`), or finished files merged (`channel-merge.ts`). */
export const copyConfig = z.discriminatedUnion('kind', [
  z.object({
    kind: z.enum(['participant', 'track']),
    participantId: z.string(),
    source: trackSource.nullable(),
    fileFormat: z.enum(['mp4', 'webm']),
  }),
  z.object({
    kind: z.literal('merge'),
    inputs: z.array(
      z.object({ path: z.string(), channel: z.enum(['left', 'right']), offsetSeconds: z.number().min(0) }),
    ),
  }),
]);
export type CopyConfig = z.infer<typeof copyConfig>;

/** Everything a compositor needs; it reads the journal from disk and touches no database. */
export const compositionTask = z.object({
  version: z.literal(WORK_VERSION),
  compositionId: z.string(),
  recordingId: z.string(),
  journalDir: z.string(),
  /** Where finished segments of this composition lie: `NNNNNN.mp4` (video), `NNNNNN.m4a` (audio), `NNNNNN.json` (levels, facts). */
  segmentsDir: z.string(),
  /** A folder of this process alone: unfinished files; renamed into `segmentsDir` when whole. */
  scratchDir: z.string(),
  /** Absolute path of the finished file without its extension, which says the format: `.mp4`, `.m4a`, `.webm`. */
  artifactPath: z.string(),
  config: compositionConfig,
  /** Frames over which processes died: they count as damaged. */
  shunned: z.array(frameRef).readonly(),
  /** Processes died here: each frame is named (`decoding`) before it is decoded, one at a time. */
  careful: z.boolean(),
  /** Present: nothing is rendered, `config` means nothing. */
  copy: copyConfig.optional(),
});
export type CompositionTask = z.infer<typeof compositionTask>;

/** Requests of the compositor to the server. */
export const workMethods = {
  /** First call. `lease` came in the environment of the process. Answers the task. */
  hello: {
    params: z.object({ version: z.number(), lease: z.string(), pid: z.number() }),
    result: compositionTask,
  },
  /** Asks for a run of segments, [from, to), or to make the file of that many ticks. Both null: nothing left to do, exit 0. */
  next: {
    params: z.object({}),
    result: z.object({
      run: z.object({ from: z.number(), to: z.number() }).nullable(),
      package: z.object({ ticks: z.number() }).nullable(),
    }),
  },
  /** It will now decode this frame. Answered before it does, so that it is known should it die over it. `incident`: what that would be. */
  decoding: { params: z.object({ frame: frameRef, incident }), result: z.object({}) },
  /** This process is about to end by an error where another may succeed; at once, or (`hindered`) when the machine has what it lacked. */
  stumbled: { params: z.object({ reason: z.string(), hindered: z.boolean() }), result: z.object({}) },
} as const;

/** Facts of a finished artifact; its path is the task's `artifactPath` with the format as extension. */
export const artifactFacts = z.object({
  path: z.string(),
  bytes: z.number(),
  durationSeconds: z.number(),
  width: z.number().nullable(),
  height: z.number().nullable(),
  format: z.enum(['mp4', 'm4a', 'webm', 'mp3']),
  videoBytes: z.number(),
  /** Where the file begins in the recording; left out: at its start. */
  offsetSeconds: z.number().optional(),
});
export type ArtifactFacts = z.infer<typeof artifactFacts>;

/** Events of the compositor. */
export const workEvent = z.discriminatedUnion('type', [
  /** Segment `index` lies whole in `segmentsDir`. */
  z.object({ type: z.literal('segment'), index: z.number().int().min(0), ticks: z.number() }),
  /** Segment `index` was thought to be finished and is not: it is to be rendered again. */
  z.object({ type: z.literal('segment-lost'), index: z.number().int().min(0) }),
  /** The recording is paused, and nothing can be rendered until it goes on or ends; or that is over. */
  z.object({ type: z.literal('paused'), paused: z.boolean() }),
  /** The journal holds the recording's end: `ticks` in all. */
  z.object({ type: z.literal('end-known'), ticks: z.number().int().min(1) }),
  /** It gets on, or waits for the journal. Once a second; who is silent for minutes hangs. */
  z.object({ type: z.literal('alive') }),
  /** It met something that whoever watches the recording should know. May be told again. */
  z.object({ type: z.literal('incident'), incident }),
  /** The frame that was named last has been decoded. */
  z.object({ type: z.literal('decoded') }),
  z.object({ type: z.literal('packaged'), artifact: artifactFacts }),
  z.object({ type: z.literal('copied'), artifacts: z.array(artifactFacts) }),
  /** It cannot be composed, by anybody. */
  z.object({ type: z.literal('failed'), reason: z.string() }),
]);
export type WorkEvent = z.infer<typeof workEvent>;

/** Events of the server. */
export const workNotice = z.discriminatedUnion('type', [
  /** Nobody writes this journal any more (its media process died): what is there is all; the recording ends with its last record. */
  z.object({ type: z.literal('journal-ended') }),
  /** The recording is over: its stop is in the journal, or never will be. */
  z.object({ type: z.literal('recording-stopped') }),
]);
export type WorkNotice = z.infer<typeof workNotice>;
