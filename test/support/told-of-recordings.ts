/**
 * What an endpoint was told of recordings, judged: each is told from its start to its end, in order; each event has one id, and each id names
 * one event, however often it came.
 */
import type { Received } from './webhook-receiver.ts';

const WHOLE = ['recording-starting', 'recording-started', 'recording-stopping', 'recording-stopped'];

const aboutOf = (recordingId: string, { data }: Received): boolean => data.id === recordingId;

/** How many of these recordings' ends have not been told. */
export const missingEnds = (received: readonly Received[], recordingIds: readonly string[]): number =>
  recordingIds.filter((id) => !received.some((one) => aboutOf(id, one) && /-(?:stopped|failed)$/.test(one.webhookType)))
    .length;

/** What was told otherwise than of recordings that got done; sentences. */
export const wrongEvents = (received: readonly Received[], recordingIds: readonly string[]): string[] => {
  const names = new Map<string, Set<string>>();
  for (const { id, webhookType, data } of received) {
    names.set(id, (names.get(id) ?? new Set()).add(`${webhookType} of ${String(data.id)}`));
  }
  const ambiguous = [...names].flatMap(([id, events]) =>
    events.size > 1 ? [`The webhook id ${id} names ${[...events].join(', and ')}.`] : [],
  );
  const untrue = recordingIds.flatMap((recordingId) => {
    const about = received.filter((one) => aboutOf(recordingId, one));
    const types = [...new Map(about.map(({ id, webhookType }) => [id, webhookType])).values()];
    return types.join() === WHOLE.join() ? [] : [`Of the recording ${recordingId} was told: ${types.join(', ')}.`];
  });
  return [...ambiguous, ...untrue];
};
