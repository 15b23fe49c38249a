/**
 * Calls of endpoints: which are due, and what became of them. A call is taken by putting it off until it would be lost: whoever tries it
 * and dies is followed by another, at least once.
 *
 * Calls of a lane (one recording, or one session, and one endpoint) go one after the other: one waits for those before it, unless these
 * have been taken out of the order.
 */
import { sql } from 'kysely';
import { STOPPED_EVENTS } from '../domain/event-types.ts';
import type { RecordingId } from '../domain/ids.ts';
import { type Catalog, transaction } from './database.ts';
import type { EventOfRecording } from './events.ts';
import type { WebhookCallRow, WebhookCallStatus } from './tables.ts';

/** Every origin for which something waits, found from one to the next by the index (`webhook_calls_by_origin`), however much waits for each. */
const origins = sql`
  recursive origins as (
    (select origin from webhook_calls where status = 'waiting' order by origin limit 1)
    union all
    select (
      select call.origin from webhook_calls as call
      where call.status = 'waiting' and call.origin > origins.origin order by call.origin limit 1)
    from origins where origins.origin is not null)`;

/**
 * The first due call of each origin that is its lane's turn, as `id`. Of those that wait for one that has been away for a day few are looked at in
 * vain: what waits behind another of its lane is put off with it (`callFailed`).
 */
const firstOfEach = (now: Date, exceptOrigins: readonly string[]) => sql`
  with ${origins}
  select first.id from origins cross join lateral (
    select call.id, call.due_at from webhook_calls as call
    where call.status = 'waiting' and call.origin = origins.origin and call.due_at <= ${now}
      and not (call.in_order and exists (
        select 1 from webhook_calls as earlier
        where earlier.lane = call.lane and earlier.id < call.id and earlier.status = 'waiting' and earlier.in_order
        offset 0))
    order by call.due_at, call.id limit 1) as first
  where origins.origin <> all(${[...exceptOrigins]}::text[])`;

/** One that is due, with what it tells. */
export interface DueCall {
  readonly call: WebhookCallRow;
  readonly event: EventOfRecording;
}

/**
 * Takes one due call of each origin but these, the one that is due longest, and puts it off until `lostAt`. Where there are more origins
 * than `limit`, those whose call is due longest: nobody's turn comes later for the name of his host. Two that ask at once get different ones.
 */
export const takeDueCalls = (
  catalog: Catalog,
  options: { now: Date; lostAt: Date; exceptOrigins: readonly string[]; limit: number },
): Promise<DueCall[]> =>
  transaction(catalog, async (trx) => {
    const { now, lostAt, exceptOrigins, limit } = options;
    // In two statements: given ids, the second looks nothing up but them.
    const { rows: due } = await sql<{
      id: number;
    }>`${firstOfEach(now, exceptOrigins)} order by due_at, id limit ${limit}`.execute(trx);
    if (due.length === 0) return [];
    const calls = await trx
      .updateTable('webhook_calls')
      .set({ due_at: lostAt, attempts: sql<number>`attempts + 1` })
      .where(
        'id',
        'in',
        due.map(({ id }) => id),
      )
      // Read again where another has changed the row meanwhile.
      .where('status', '=', 'waiting')
      .where('due_at', '<=', now)
      .returningAll()
      .execute();
    if (calls.length === 0) return [];
    const events = await trx
      .selectFrom('events')
      .leftJoin('recordings', 'recordings.id', 'events.recording_id')
      .selectAll('events')
      .select('recordings.base_url')
      .where(
        'events.id',
        'in',
        calls.map(({ event_id }) => event_id),
      )
      .execute();
    const byId = new Map(events.map((event) => [event.id, event]));
    return calls.flatMap((call) => {
      const event = byId.get(call.event_id);
      return event ? [{ call, event }] : [];
    });
  });

/** When the next call is due that is not due yet, or is lost that is being tried. Null: none waits. */
export const nextCallDue = async (catalog: Catalog, now: Date): Promise<Date | null> => {
  const { rows } = await sql<{ due_at: Date | null }>`
    with ${origins}
    select min(next.due_at) as due_at from origins cross join lateral (
      select call.due_at from webhook_calls as call
      where call.status = 'waiting' and call.origin = origins.origin and call.due_at > ${now}
      order by call.due_at limit 1) as next`.execute(catalog);
  return rows[0]?.due_at ?? null;
};

/** What came of an attempt. `status` null: no answer came, `error` says why. */
export interface Answer {
  readonly at: Date;
  readonly status: number | null;
  readonly error: string | null;
}

const columnsOf = ({ at, status, error }: Answer) => ({
  answered_at: at,
  answer_status: status,
  answer_error: error,
});

/** It was taken: that holds, even if it had been given to another meanwhile. */
export const callDelivered = async (catalog: Catalog, id: number, answer: Answer): Promise<void> => {
  await catalog
    .updateTable('webhook_calls')
    .set({ status: 'delivered', ...columnsOf(answer) })
    .where('id', '=', id)
    .execute();
};

/** What is to become of a call that was not taken. */
export type Verdict =
  | { readonly status: 'waiting'; readonly dueAt: Date; readonly refusals: number; readonly inOrder: boolean }
  | { readonly status: 'given-up' };

/**
 * It was not taken. Nothing changes if another tries it meanwhile. What is due behind it is put off with it: it could not go before, and
 * would be looked at in vain until then.
 */
export const callFailed = async (
  catalog: Catalog,
  call: Pick<WebhookCallRow, 'id' | 'attempts' | 'lane'>,
  answer: Answer,
  verdict: Verdict,
): Promise<void> => {
  const waiting = verdict.status === 'waiting' && {
    due_at: verdict.dueAt,
    refusals: verdict.refusals,
    in_order: verdict.inOrder,
  };
  const { numUpdatedRows } = await catalog
    .updateTable('webhook_calls')
    .set({ status: verdict.status, ...columnsOf(answer), ...waiting })
    .where('id', '=', call.id)
    .where('attempts', '=', call.attempts)
    .where('status', '=', 'waiting')
    .executeTakeFirstOrThrow();
  if (!waiting || !verdict.inOrder || numUpdatedRows === 0n) return;
  await catalog
    .updateTable('webhook_calls')
    .set({ due_at: verdict.dueAt })
    .where('id', 'in', (from) =>
      // What is not due yet has a time of its own. In one order, as everywhere where many are changed: nobody waits for one who waits for him.
      from
        .selectFrom('webhook_calls')
        .select('id')
        .where('lane', '=', call.lane)
        .where('id', '>', call.id)
        .where('status', '=', 'waiting')
        .where('in_order', '=', true)
        .where('due_at', '<=', answer.at)
        .orderBy('id')
        .forUpdate(),
    )
    .execute();
};

/** The endpoint wants nothing any more: what waits for it is dropped, and what comes is not sent, until somebody names it again. */
export const endpointGone = (
  catalog: Catalog,
  call: { readonly id: number; readonly url_hash: string },
  answer: Answer,
): Promise<void> =>
  transaction(catalog, async (trx) => {
    await trx
      .insertInto('gone_endpoints')
      .values({ url_hash: call.url_hash, gone_at: answer.at })
      .onConflict((conflict) => conflict.column('url_hash').doNothing())
      .execute();
    await trx
      .updateTable('webhook_calls')
      .set({ status: 'gone' })
      .where('id', 'in', (from) =>
        from
          .selectFrom('webhook_calls')
          .select('id')
          .where('url_hash', '=', call.url_hash)
          .where('status', '=', 'waiting')
          .orderBy('id')
          .forUpdate(),
      )
      .execute();
    await trx
      .updateTable('webhook_calls')
      .set({ status: 'gone', ...columnsOf(answer) })
      .where('id', '=', call.id)
      .execute();
  });

/**
 * Sends an event once more to everybody who was to be told of it, for as long as a new one. It holds nothing up and waits for nothing.
 * Resolves with the number of calls. One that is just being tried may come twice, by its one id.
 */
export const resendCalls = (catalog: Catalog, eventId: string, now: Date): Promise<number> =>
  transaction(catalog, async (trx) => {
    const before = await trx
      .selectFrom('webhook_calls')
      .select(['id', 'lane', 'due_at', 'status'])
      .where('event_id', '=', eventId)
      .orderBy('id')
      .forUpdate()
      .execute();
    for (const { id, lane, due_at } of before.filter(({ status }) => status === 'waiting')) {
      // What was put off with it need not wait for it any more.
      await trx
        .updateTable('webhook_calls')
        .set({ due_at: now })
        .where('lane', '=', lane)
        .where('id', '>', id)
        .where('status', '=', 'waiting')
        .where('in_order', '=', true)
        .where('due_at', '=', due_at)
        .execute();
    }
    const calls = await trx
      .updateTable('webhook_calls')
      .set({ status: 'waiting', in_order: false, refusals: 0, since: now, due_at: now })
      .where('event_id', '=', eventId)
      .returning('url_hash')
      .execute();
    const hashes = calls.map(({ url_hash }) => url_hash);
    if (hashes.length > 0) await trx.deleteFrom('gone_endpoints').where('url_hash', 'in', hashes).execute();
    return calls.length;
  });

/** Calls that tell of a recording's end and have not been tried. */
const untriedStopped = (catalog: Catalog, recordingId: RecordingId) =>
  catalog
    .updateTable('webhook_calls')
    .from('events')
    .whereRef('events.id', '=', 'webhook_calls.event_id')
    .where('events.recording_id', '=', recordingId)
    .where('events.type', 'in', STOPPED_EVENTS)
    .where('webhook_calls.status', '=', 'waiting')
    .where('webhook_calls.attempts', '=', 0);

/** The end of a recording is not told before this: its file is still on its way to where it can be fetched. */
export const holdStopped = async (trx: Catalog, recordingId: RecordingId, until: Date): Promise<void> => {
  await untriedStopped(trx, recordingId).set({ due_at: until }).execute();
};

/** It is told now, if it was held. */
export const releaseStopped = async (trx: Catalog, recordingId: RecordingId, now: Date): Promise<void> => {
  await untriedStopped(trx, recordingId).where('webhook_calls.due_at', '>', now).set({ due_at: now }).execute();
};

export interface CallOfEvent extends WebhookCallRow {
  readonly type: string;
  readonly recording_id: RecordingId | null;
}

const withType = (catalog: Catalog) =>
  catalog
    .selectFrom('webhook_calls')
    .innerJoin('events', 'events.id', 'webhook_calls.event_id')
    .selectAll('webhook_calls')
    .select(['events.type', 'events.recording_id'])
    .orderBy('events.seq')
    .orderBy('webhook_calls.id');

/** Those that tell of these recordings, in order. */
export const callsOfRecordings = async (
  catalog: Catalog,
  recordingIds: readonly RecordingId[],
): Promise<CallOfEvent[]> =>
  recordingIds.length === 0 ? [] : await withType(catalog).where('events.recording_id', 'in', recordingIds).execute();

/** Those that tell of these events. */
export const callsOfEvents = async (catalog: Catalog, eventIds: readonly string[]): Promise<CallOfEvent[]> =>
  eventIds.length === 0 ? [] : await withType(catalog).where('events.id', 'in', eventIds).execute();

/** How many wait, and since when the one that waits longest. */
export const waitingCalls = async (catalog: Catalog): Promise<{ count: number; since: Date | null }> => {
  const row = await catalog
    .selectFrom('webhook_calls')
    .select(({ fn }) => [fn.countAll<number>().as('count'), fn.min('since').as('since')])
    .where('status', '=', 'waiting' satisfies WebhookCallStatus)
    .executeTakeFirstOrThrow();
  return { count: row.count, since: row.since };
};
