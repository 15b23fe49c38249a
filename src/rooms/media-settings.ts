/** What the media process is told: one JSON text in its environment, and nothing else. It never gets the API secret or the database. */
import { z } from 'zod';

const iceServer = z.object({
  urls: z.union([z.string(), z.array(z.string())]),
  username: z.string().optional(),
  credential: z.string().optional(),
});

export const mediaSettings = z.strictObject({
  /** Where it listens for the server process. */
  socketPath: z.string().min(1),
  /** One folder per session inside. */
  journalsDir: z.string().min(1),
  /** Secret of the resume tokens; made if there is none. */
  resumeSecretFile: z.string().min(1),
  /** Journals may be read by the group of this process: compositors are other users of it. */
  groupReads: z.boolean().optional(),
  /** What it may take of the machine. Left out: the defaults of the settings. */
  limits: z
    .strictObject({
      /** Sessions at once; 0: no limit. */
      rooms: z.number().int().min(0),
      /** Memory in front of the disk, all journals together. */
      journalBufferBytes: z.number().int().min(1),
      /** With less free space than this, recordings are ended in order; 0: when the disk is full. */
      leastFreeBytes: z.number().min(0),
    })
    .optional(),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
  rtc: z.strictObject({
    bindAddress: z.string().min(1),
    /** UDP and ICE-TCP. 0: any free one. */
    port: z.number().int().min(0).max(65_535),
    announcedAddresses: z.array(z.string()),
    tcp: z.boolean(),
    /** Congestion feedback by REMB in place of transport-wide feedback. */
    useRemb: z.boolean(),
    /** Handed to clients. */
    iceServers: z.array(iceServer),
  }),
});
export type MediaSettings = z.infer<typeof mediaSettings>;
