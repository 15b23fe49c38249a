/** A purge as the API shows it. */
import { z } from 'zod';
import type { PurgeView } from './ports.ts';

export const wirePurge = z
  .object({
    participantId: z.string(),
    status: z.enum(['waiting', 'composing', 'done', 'failed']).meta({
      description:
        'waiting: the journal is rewritten as soon as nobody writes it. composing: the recording is made anew. failed: ask again to try again.',
    }),
    packets: z.number().int().meta({ description: 'Taken out of the journal so far.' }),
    keptFor: z.array(z.string()).meta({
      description:
        'Other recordings of the session for which the journal still has the media: delete or purge those, too.',
    }),
    failureReason: z.string().nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Purge' });
export type WirePurge = z.infer<typeof wirePurge>;

export const toWirePurge = ({ createdAt, updatedAt, keptFor, ...purge }: PurgeView): WirePurge => ({
  ...purge,
  keptFor: [...keptFor],
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});
