/** What befell a recording, as the API shows it. */
import { z } from 'zod';
import { INCIDENT_TYPES } from '../domain/incidents.ts';
import type { IncidentView } from './ports.ts';

export const wireIncident = z
  .object({
    type: z.enum(INCIDENT_TYPES),
    at: z.string().meta({ description: 'When it began.' }),
    from: z
      .number()
      .nullable()
      .meta({ description: 'Second of the file at which it begins; null: it has no place in it.' }),
    to: z.number().nullable().meta({ description: 'Second of the file at which it is over, as far as that is known.' }),
    participantId: z.string().optional(),
    source: z
      .string()
      .optional()
      .meta({ description: 'Which of his tracks: `camera`, `microphone`, `screen-video`, `screen-audio`.' }),
    message: z.string(),
  })
  .meta({ id: 'Incident' });
export type WireIncident = z.infer<typeof wireIncident>;

export const toWireIncident = ({ type, at, from, to, participantId, source, message }: IncidentView): WireIncident => ({
  type,
  at: at.toISOString(),
  from,
  to,
  ...(participantId === null ? {} : { participantId }),
  ...(source === null ? {} : { source }),
  message,
});
