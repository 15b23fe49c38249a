/** Queries about what befell recordings (`domain/incidents.ts`). An incident may be told again and again: its key makes it one. */
import type { ParticipantId, RecordingId } from '../domain/ids.ts';
import type { Incident } from '../domain/incidents.ts';
import type { Catalog } from './database.ts';
import type { IncidentRow } from './tables.ts';

/** Repeatable. One whose end was not known, and now is, gets it. */
export const noteIncident = async (catalog: Catalog, recordingId: RecordingId, incident: Incident): Promise<void> => {
  await catalog
    .insertInto('recording_incidents')
    .values({
      recording_id: recordingId,
      key: incident.key,
      type: incident.type,
      from_seconds: incident.fromSeconds,
      to_seconds: incident.toSeconds,
      at: new Date(incident.atMs),
      message: incident.message,
      participant_id: (incident.participantId ?? null) as ParticipantId | null,
      source: incident.source ?? null,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['recording_id', 'key'])
        .doUpdateSet((eb) => ({ to_seconds: eb.ref('excluded.to_seconds'), message: eb.ref('excluded.message') }))
        .where('recording_incidents.to_seconds', 'is', null),
    )
    .execute();
};

/** Of these recordings, in the order in which they happened. */
export const incidentsOf = async (catalog: Catalog, recordingIds: readonly RecordingId[]): Promise<IncidentRow[]> => {
  if (recordingIds.length === 0) return [];
  return await catalog
    .selectFrom('recording_incidents')
    .selectAll()
    .where('recording_id', 'in', recordingIds)
    .orderBy('at')
    .orderBy('id')
    .execute();
};
