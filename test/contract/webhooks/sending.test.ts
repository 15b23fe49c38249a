/** Webhooks from the change of a row to an endpoint that takes them, fails, hangs, moves or is gone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { VideoSDK } from '@videosdk.live/server-sdk';
import { sql } from 'kysely';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Catalog } from '../../../src/catalog/catalog.ts';
import { forgetEvents } from '../../../src/catalog/events.ts';
import { insertFile } from '../../../src/catalog/files.ts';
import { moveRecording } from '../../../src/catalog/recordings.ts';
import { closeStay, endSession, insertSession, openStay } from '../../../src/catalog/sessions.ts';
import {
  callFailed,
  callsOfRecordings,
  holdStopped,
  releaseStopped,
  resendCalls,
  takeDueCalls,
} from '../../../src/catalog/webhook-calls.ts';
import type { FileId, ParticipantId, RecordingId, SessionId } from '../../../src/domain/ids.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { WebhookMetrics } from '../../../src/webhooks/metrics.ts';
import type { Reach } from '../../../src/webhooks/post.ts';
import { waitFor } from '../../support/wait-for.ts';
import { hang, type Receiver, status } from '../../support/webhook-receiver.ts';
import { WebhookRig } from './rig.ts';

let rig: WebhookRig;
let receiver: Receiver;
beforeAll(async () => {
  rig = await WebhookRig.start();
});
afterAll(() => rig.scope.close());
beforeEach(async () => {
  await rig.clear();
  receiver = await rig.receiver();
});

const later = (ms: number): void => {
  rig.now = new Date(rig.now.getTime() + ms);
};
const calls = (id: RecordingId) => callsOfRecordings(rig.catalog, [id]);
const run = (id: RecordingId) =>
  ['recording', 'composing', 'done'].reduce<Promise<unknown>>(
    (before, to) => before.then(() => moveRecording(rig.catalog, id, to as 'done')),
    Promise.resolve(),
  );

describe('what is told', () => {
  it('of a recording, with its file, at the URL by which its caller reached us', async () => {
    const roomId = await rig.room();
    const { id, sessionId } = await rig.recording(roomId, {
      webhookUrl: receiver.url(),
      baseUrl: 'https://rooms.example.org',
    });
    await moveRecording(rig.catalog, id, 'recording');
    await moveRecording(rig.catalog, id, 'composing', { stopReason: 'requested' });
    const fileId = newHexId<FileId>();
    const facts = { bytes: 1, durationSeconds: 55.055, width: 1, height: 1, format: 'mp4', videoBytes: 1 };
    const path = `recordings/${id}/files/ü.mp4`;
    await insertFile(rig.catalog, { id: fileId, recordingId: id, compositionId: null, type: 'video', path, ...facts });
    await moveRecording(rig.catalog, id, 'done');
    await rig.send(rig.sender());
    expect(receiver.received.map(({ webhookType, data }) => ({ webhookType, data }))).toEqual([
      { webhookType: 'recording-starting', data: { meetingId: roomId, sessionId, id } },
      { webhookType: 'recording-started', data: { meetingId: roomId, sessionId, id } },
      { webhookType: 'recording-stopping', data: { meetingId: roomId, sessionId, id, stopReason: 'requested' } },
      {
        webhookType: 'recording-stopped',
        data: {
          meetingId: roomId,
          sessionId,
          id,
          stopReason: 'requested',
          filePath: path,
          fileUrl: `https://rooms.example.org/v1/files/${fileId}`,
        },
      },
    ]);
    expect(receiver.received.every(({ headers }) => headers['content-type'] === 'application/json')).toBe(true);
    expect(new Set(receiver.received.map(({ id: event }) => event)).size).toBe(4);
  });

  it('of participants, tracks, composites and merges, by names of their own', async () => {
    const roomId = await rig.room();
    const webhookUrl = receiver.url();
    const participantId = 'ada' as ParticipantId;
    const person = { kind: 'participant', participantId, participantName: 'Ada' } as const;
    const track = { kind: 'track', participantId, participantName: 'Ada', source: 'screen-audio' } as const;
    const composite = { kind: 'composite', participants: [], watermarks: [] } as const;
    const merge = { kind: 'merge', channel1: [], channel2: [], inputs: [] } as const;
    for (const subject of [person, track, composite, merge]) {
      const { id } = await rig.recording(roomId, { webhookUrl, subject });
      if (subject.kind !== 'merge') await moveRecording(rig.catalog, id, 'recording');
      await moveRecording(rig.catalog, id, 'composing');
      if (subject.kind === 'merge') await moveRecording(rig.catalog, id, 'failed', { failureReason: 'No sound.' });
      else await moveRecording(rig.catalog, id, 'done');
    }
    await rig.send(rig.sender());
    // Lanes are independent: the order holds within each.
    const of = (type: string) => receiver.received.filter(({ webhookType }) => webhookType.startsWith(type));
    const phases = ['starting', 'started', 'stopping', 'stopped'];
    for (const prefix of ['participant-recording', 'participant-track-recording', 'composite-recording']) {
      expect(of(prefix).map(({ webhookType }) => webhookType)).toEqual(phases.map((phase) => `${prefix}-${phase}`));
    }
    expect(of('participant-recording-started')[0]?.data).toMatchObject({ participantId: 'ada', fileFormat: 'mp4' });
    expect(of('participant-track-recording-started')[0]?.data).toMatchObject({
      participantId: 'ada',
      kind: 'screen_audio',
    });
    // It never was on: there is no file, and that is said.
    expect(of('participant-track-recording-stopped')[0]?.data).toMatchObject({ fileDetails: [] });
    expect(of('merge-').map(({ webhookType, data }) => [webhookType, data.reason, data.message])).toEqual([
      ['merge-recording-failed', 'No sound.', 'No sound.'],
    ]);
  });

  it('of sessions and participants, but of hidden ones', async () => {
    const roomId = await rig.room({ endPoint: receiver.url(), events: ['*'] });
    const sessionId = newHexId<SessionId>();
    const start = new Date(1_000);
    const stay = (participantId: string, hidden = false) => ({
      sessionId,
      participantId: participantId as ParticipantId,
      name: `${participantId} 🙂`,
      hidden,
      joinedAt: new Date(2_000),
    });
    for (const _twice of [1, 2]) {
      await insertSession(rig.catalog, { id: sessionId, roomId, startedAt: start });
      await openStay(rig.catalog, stay('ada'));
      await openStay(rig.catalog, stay('bob'));
      await openStay(rig.catalog, stay('recorder', true));
      await closeStay(rig.catalog, { ...stay('ada'), leftAt: new Date(3_000) });
    }
    await endSession(rig.catalog, sessionId, new Date(4_000));
    await endSession(rig.catalog, sessionId, new Date(5_000));
    await rig.send(rig.sender());
    const about = { meetingId: roomId, sessionId };
    const who = (participantId: string) => ({ ...about, participantId, participantName: `${participantId} 🙂` });
    expect(receiver.received.map(({ webhookType, data }) => [webhookType, data])).toEqual([
      ['session-started', { ...about, start: start.toISOString() }],
      ['participant-joined', who('ada')],
      ['participant-joined', who('bob')],
      ['participant-left', who('ada')],
      ['participant-left', who('bob')],
      ['session-ended', { ...about, start: start.toISOString(), end: new Date(4_000).toISOString() }],
    ]);
  });

  it('to the room, what its filter names; to both, where there are two; once, where both are one', async () => {
    const roomId = await rig.room({ endPoint: receiver.url('/room'), events: ['recording-st*ed', 'recording-failed'] });
    await run((await rig.recording(roomId, { webhookUrl: receiver.url('/call') })).id);
    await run((await rig.recording(roomId, { webhookUrl: receiver.url('/room') })).id);
    const nobody = await rig.room({ endPoint: receiver.url('/nobody'), events: [] });
    await run((await rig.recording(nobody)).id);
    await rig.send(rig.sender());
    const at = (path: string) => receiver.received.filter((one) => one.path === path);
    expect(at('/call').map(({ webhookType }) => webhookType)).toHaveLength(4);
    expect(
      at('/room')
        .map(({ webhookType }) => webhookType)
        .toSorted(),
    ).toEqual([
      'recording-started',
      'recording-started',
      'recording-starting',
      'recording-stopped',
      'recording-stopped',
      'recording-stopping',
    ]);
    expect(at('/nobody')).toEqual([]);
    // One event, one id, wherever it goes.
    const stopped = receiver.received.filter(({ webhookType }) => webhookType === 'recording-stopped');
    expect(new Set(stopped.map(({ id }) => id)).size).toBe(2);
  });
});

it('the end of a recording whose file is on its way waits for it, at most so long', async () => {
  const roomId = await rig.room();
  const sender = rig.sender();
  const held = async () => {
    const { id } = await rig.recording(roomId, { webhookUrl: receiver.url(), subject: composite });
    await run(id);
    await holdStopped(rig.catalog, id, new Date(rig.now.getTime() + 600_000));
    receiver.received.length = 0;
    await rig.send(sender);
    expect(receiver.types).toHaveLength(3);
    return id;
  };
  await releaseStopped(rig.catalog, await held(), rig.now);
  await rig.send(sender);
  expect(receiver.types.at(-1)).toBe('composite-recording-stopped');
  await held();
  later(600_000);
  await rig.send(sender);
  expect(receiver.types.at(-1)).toBe('composite-recording-stopped');
});

describe('signatures', () => {
  it('are those that the server SDK and the Standard Webhooks package verify, and no others', async () => {
    const roomId = await rig.room({ endPoint: receiver.url(), events: ['*'] });
    const id = newHexId<SessionId>();
    const odd = {
      text: 'Zoë "\\" \u2028 漢字 🙂 \ud800 </script> \u0000',
      numbers: [55.055, 1e21, -0, 2 ** 53, 1e-7],
      2: 'two',
      1: 'one',
    };
    await rig.append({ type: 'session-ended', roomId, sessionId: id, recordingId: null, data: odd });
    await rig.send(rig.sender());
    const [got] = receiver.received;
    if (!got) throw new Error('Nothing came.');
    expect(JSON.stringify(JSON.parse(got.raw))).toBe(got.raw);
    expect(got.data).toMatchObject({ text: odd.text, 1: 'one', 2: 'two' });

    const { publicKey } = (await rig.keys.published()).current;
    expect(publicKey).toMatch(/^-----BEGIN RSA PUBLIC KEY-----\n/);
    const sdk = new VideoSDK({ apiKey: 'x', secret: 'x'.repeat(32), webhookPublicKey: publicKey });
    const signature = got.headers['videosdk-signature'];
    expect(await sdk.webhooks.verify(got.raw, signature)).toMatchObject({ type: 'session-ended', data: { 1: 'one' } });
    // As receivers do that have only the parsed body left.
    expect(sdk.webhooks.verifySync(JSON.stringify(JSON.parse(got.raw)), signature, publicKey).type).toBe(
      'session-ended',
    );
    await expect(sdk.webhooks.verify(got.raw.replace('one', 'two'), signature)).rejects.toThrow('invalid');

    const { secret } = (await rig.keys.forOperator()).current;
    const standard = new Webhook(secret);
    const headers = got.headers as Record<string, string>;
    expect(standard.verify(got.raw, headers)).toMatchObject({ webhookType: 'session-ended' });
    expect(() => standard.verify(got.raw.replace('one', 'two'), headers)).toThrow();
    expect(() => standard.verify(got.raw, { ...headers, 'webhook-id': 'another' })).toThrow();
  });

  it('change keys: announced, then in force; both secrets verify meanwhile', async () => {
    const roomId = await rig.room({ endPoint: receiver.url(), events: ['*'] });
    const sender = rig.sender();
    const before = await rig.keys.forOperator();
    const tell = async () => {
      await rig.append({ type: 'session-started', roomId, recordingId: null });
      await rig.send(sender);
      const got = receiver.received.at(-1);
      if (!got) throw new Error('Nothing came.');
      const sdk = new VideoSDK({ apiKey: 'x', secret: 'x'.repeat(32) });
      const signature = got.headers['videosdk-signature'];
      const headers = got.headers as Record<string, string>;
      const { all } = await rig.keys.forOperator();
      // The signatures stand for themselves: how old the message is, is the clock's matter, which is set by the test.
      const signatures = String(headers['webhook-signature']).split(' ');
      const at = new Date(Number(headers['webhook-timestamp']) * 1000);
      return {
        rsa: all.flatMap(({ id, publicKey }) => {
          try {
            sdk.webhooks.verifySync(got.raw, signature, publicKey);
            return [id];
          } catch {
            return [];
          }
        }),
        standard: all.flatMap(({ id, secret }) =>
          signatures.includes(new Webhook(secret).sign(got.id, at, got.raw)) ? [id] : [],
        ),
      };
    };
    const first = before.current.id;
    expect(await tell()).toEqual({ rsa: [first], standard: [first] });
    await rig.keys.rotate(3_600_000);
    const [, second = ''] = (await rig.keys.published()).all.map(({ id }) => id);
    expect((await rig.keys.published()).current.id).toBe(first);
    expect(await tell()).toEqual({ rsa: [first], standard: [first, second] });
    later(3_600_000);
    expect(await rig.keys.published()).toMatchObject({ current: { id: second }, all: [{ id: first }, { id: second }] });
    expect(await tell()).toEqual({ rsa: [second], standard: [second] });
    // What was signed before can be verified for a week.
    later(8 * 24 * 3_600_000);
    expect((await rig.keys.published()).all.map(({ id }) => id)).toEqual([second]);
    await rig.keys.rotate(0);
    const { all, current } = await rig.keys.forOperator();
    expect(all.map(({ id }) => id)).toEqual([current.id]);
    expect([first, second]).not.toContain(current.id);
    expect(await tell()).toEqual({ rsa: [current.id], standard: [current.id] });
  });

  it('are made with one key, however many servers start at once on a database', async () => {
    await rig.catalog.deleteFrom('signing_keys').execute();
    const { SigningKeys } = await import('../../../src/webhooks/signing-keys.ts');
    const servers = [1, 2, 3].map(() => new SigningKeys(rig.catalog));
    const made = await Promise.all(servers.map((one) => one.ensure()));
    expect(made.filter(Boolean)).toHaveLength(1);
    const ids = await Promise.all(servers.map(async (one) => (await one.published()).current.id));
    expect(new Set(ids).size).toBe(1);
  });
});

describe('an endpoint that', () => {
  it('fails gets each event again, with the same id, in order, until it takes them', async () => {
    const { id } = await rig.recording(await rig.room(), { webhookUrl: receiver.url() });
    await moveRecording(rig.catalog, id, 'recording');
    receiver.behave = status(500);
    const sender = rig.sender();
    await rig.send(sender);
    expect(receiver.types).toEqual(['recording-starting']);
    later(4_000);
    await rig.send(sender);
    expect(receiver.types).toHaveLength(1);
    later(1_000);
    await rig.send(sender);
    expect(receiver.types).toEqual(['recording-starting', 'recording-starting']);
    expect(new Set(receiver.received.map((one) => one.id)).size).toBe(1);
    expect(await calls(id)).toMatchObject([
      { type: 'recording-starting', status: 'waiting', attempts: 2, answer_status: 500 },
      { type: 'recording-started', status: 'waiting', attempts: 0, answer_status: null },
    ]);
    receiver.behave = status(204);
    later(10_000);
    await rig.send(sender);
    expect(receiver.types.slice(2)).toEqual(['recording-starting', 'recording-started']);
    expect(await calls(id)).toMatchObject([
      { status: 'delivered', attempts: 3, answer_status: 204 },
      { status: 'delivered', attempts: 1 },
    ]);
  });

  it('is down for a day gets everything when it is back, at the latest an hour after; in order', async () => {
    const { id } = await rig.recording(await rig.room(), { webhookUrl: receiver.url() });
    await run(id);
    let up = false;
    receiver.behave = (received, response) => (up ? status(200)(received, response) : response.destroy());
    const sender = rig.sender();
    const times = await rig.sendFor(sender, 24);
    expect(times.slice(0, 6)).toEqual([0, 5, 15, 35, 75, 155]);
    const waits = times.map((time, i) => time - (times[i - 1] ?? 0));
    expect(Math.max(...waits)).toBe(3_600);
    expect(times.length).toBeGreaterThan(24);
    expect(times.length).toBeLessThan(40);
    expect(new Set(receiver.types)).toEqual(new Set(['recording-starting']));
    up = true;
    receiver.received.length = 0;
    later(3_600_000);
    await rig.send(sender);
    expect(receiver.types).toEqual([
      'recording-starting',
      'recording-started',
      'recording-stopping',
      'recording-stopped',
    ]);
    const [first] = await calls(id);
    expect(first).toMatchObject({ status: 'delivered', attempts: times.length + 1 });
  });

  it('is down for longer than 72 hours is given up, visibly; by hand it gets it all the same', async () => {
    const { id } = await rig.recording(await rig.room(), { webhookUrl: receiver.url() });
    await receiver.close();
    const metrics = new WebhookMetrics();
    const sender = rig.sender({ metrics });
    const times = await rig.sendFor(sender, 200);
    const last = times.at(-1) ?? 0;
    expect(last / 3600).toBeGreaterThan(71 - 0.1);
    expect(last / 3600).toBeLessThan(72 + 0.1);
    const [call] = await calls(id);
    expect(call).toMatchObject({ status: 'given-up', answer_status: null, attempts: times.length });
    expect(call?.answer_error).toContain('ECONNREFUSED');
    expect(await metrics.text(rig.catalog, rig.now)).toMatch(
      /roomtape_webhook_attempts_total\{outcome="given-up"\} 1[\s\S]*roomtape_webhook_calls_waiting 0/,
    );
    const other = await rig.receiver();
    await rig.catalog
      .updateTable('webhook_calls')
      .set({ url: other.url() })
      .where('id', '=', call?.id ?? 0)
      .execute();
    expect(await resendCalls(rig.catalog, call?.event_id ?? '', rig.now)).toBe(1);
    await rig.send(sender);
    expect(other.received.map((one) => one.id)).toEqual([call?.event_id]);
    expect(await calls(id)).toMatchObject([{ status: 'delivered', attempts: times.length + 1 }]);
  });

  it('hangs is left after the time limit, and holds up nobody else meanwhile', async () => {
    const roomId = await rig.room();
    const hanging = await rig.receiver();
    hanging.behave = hang;
    const ids: RecordingId[] = [];
    for (let i = 0; i < 10; i += 1) {
      const { id } = await rig.recording(roomId, { webhookUrl: hanging.url(`/${i}`), subject: composite });
      ids.push(id);
    }
    await rig.recording(roomId, { webhookUrl: receiver.url() });
    const sender = rig.sender({ timeoutMs: 1_000 });
    await sender.sendDue();
    await waitFor('the other endpoint to be called', 10_000, () => receiver.received.length > 0);
    // Of the ten, no more than its share was begun; none has been answered.
    await waitFor('the hanging endpoint to be called', 10_000, () => hanging.received.length > 0);
    expect(hanging.received.length).toBeLessThanOrEqual(8);
    await sender.settled();
    const after = (await Promise.all(ids.map(calls))).flat();
    expect(after.every((call) => call.status === 'waiting')).toBe(true);
    expect(after.find((call) => call.attempts > 0)?.answer_error).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+: it took longer than 1000 ms$/,
    );
  });

  it('has waited longest is called first, whatever its name, where more origins wait than can be called', async () => {
    const hosts = ['https://a.example', 'https://b.example', 'https://z.example'];
    const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));
    for (const [i, host] of hosts.entries()) {
      const roomId = await rig.room({ endPoint: `${host}/hook`, events: ['*'] });
      await rig.append({ type: 'session-started', roomId, recordingId: null, at: at(hosts.length - i) });
    }
    const options = { now: at(10), lostAt: at(20), exceptOrigins: [], limit: 1 };
    const order: string[] = [];
    for (const _turn of hosts) {
      order.push(...(await takeDueCalls(rig.catalog, options)).map(({ call }) => call.origin));
    }
    expect(order).toEqual(hosts.toReversed());
  });

  it('answers 410 is not called again, until somebody names it again', async () => {
    const roomId = await rig.room({ endPoint: receiver.url('/gone'), events: ['*'] });
    const { id } = await rig.recording(roomId, { webhookUrl: receiver.url('/here') });
    receiver.behave = (received, response) => status(received.path === '/gone' ? 410 : 200)(received, response);
    const sender = rig.sender();
    await rig.send(sender);
    await run(id);
    await rig.send(sender);
    expect(receiver.received.filter(({ path }) => path === '/gone')).toHaveLength(1);
    expect(receiver.received.filter(({ path }) => path === '/here')).toHaveLength(4);
    expect((await calls(id)).filter((call) => call.status === 'gone')).toHaveLength(4);
    receiver.behave = status(200);
    await rig.recording(roomId, { webhookUrl: receiver.url('/gone') });
    await rig.send(sender);
    expect(receiver.received.filter(({ path }) => path === '/gone')).toHaveLength(2);
  });

  it('answered 410 for longer ago than events are kept is asked once more', async () => {
    const roomId = await rig.room({ endPoint: receiver.url(), events: ['session-*'] });
    const tell = () => rig.append({ type: 'session-started', roomId, recordingId: null });
    receiver.behave = status(410);
    const sender = rig.sender();
    for (let i = 0; i < 2; i += 1) {
      await tell();
      await rig.send(sender);
    }
    expect(receiver.received).toHaveLength(1);
    await forgetEvents(rig.catalog, new Date(rig.now.getTime() - 1));
    await tell();
    await rig.send(sender);
    expect(receiver.received).toHaveLength(1);
    await forgetEvents(rig.catalog, new Date(rig.now.getTime() + 1));
    await tell();
    await rig.send(sender);
    expect(receiver.received).toHaveLength(2);
  });

  it('is away with ten thousand calls waiting costs no more than a few rows each time', async () => {
    const { id: event } = await rig.append({ type: 'session-started', roomId: await rig.room(), recordingId: null });
    // Four calls to a recording; a third origin of which nothing is due.
    await sql`
      insert into webhook_calls (event_id, url, origin, url_hash, lane, since, due_at)
      select ${event}, origin || '/', origin, origin, origin || n / 4, due, due
      from generate_series(1, 10000) as n,
        lateral (select 'http://' || (array['a', 'b', 'c'])[1 + n / 4 % 3] || '.example' as origin) as to_whom,
        lateral (select ${rig.now}::timestamptz + case when origin = 'http://c.example' then 1 else -1 end * interval '1 hour'
          + n * interval '1 ms' as due) as time`.execute(rig.catalog);
    await sql`analyze webhook_calls`.execute(rig.catalog);
    const rowsRead = async (trx: Catalog): Promise<number> => {
      const { rows } = await sql<{ rows: number }>`
        select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables where relname = 'webhook_calls'`.execute(
        trx,
      );
      return rows[0]?.rows ?? 0;
    };
    const take = (exceptOrigins: string[]) =>
      rig.catalog.transaction().execute(async (trx) => {
        // What the connection has read before counts until it is flushed.
        const before = await rowsRead(trx);
        const lostAt = new Date(rig.now.getTime() + 60_000);
        const due = await takeDueCalls(trx, { now: rig.now, lostAt, exceptOrigins, limit: 100 });
        return { due, rows: (await rowsRead(trx)) - before };
      });
    const first = await take([]);
    expect(first.due.map(({ call }) => call.origin).toSorted()).toEqual(['http://a.example', 'http://b.example']);
    expect(first.rows).toBeLessThan(100);
    // Each of them fails: what waits behind it is put off with it, so that nobody looks at it in vain.
    for (const { call } of first.due) {
      const dueAt = new Date(rig.now.getTime() + 3_600_000);
      const verdict = { status: 'waiting', dueAt, refusals: 0, inOrder: true } as const;
      await callFailed(rig.catalog, call, { at: rig.now, status: null, error: 'away' }, verdict);
      const behind = await sql<{ early: number }>`
        select count(*)::int as early from webhook_calls where lane = ${call.lane} and due_at < ${dueAt}`.execute(
        rig.catalog,
      );
      expect(behind.rows).toEqual([{ early: 0 }]);
    }
    const second = await take(['http://a.example']);
    expect(second.due.map(({ call }) => call.origin)).toEqual(['http://b.example']);
    expect(first.due.map(({ call }) => call.lane)).not.toContain(second.due[0]?.call.lane);
    expect(second.rows).toBeLessThan(100);
  });

  it('is away, and one event is sent again by hand: those behind it go with it, and not an hour later', async () => {
    const { id } = await rig.recording(await rig.room(), { webhookUrl: receiver.url() });
    await run(id);
    receiver.behave = status(503);
    const sender = rig.sender();
    await rig.sendFor(sender, 12);
    receiver.behave = status(200);
    receiver.received.length = 0;
    const [head] = await calls(id);
    await resendCalls(rig.catalog, head?.event_id ?? '', rig.now);
    await rig.send(sender);
    expect(receiver.types).toEqual([
      'recording-starting',
      'recording-started',
      'recording-stopping',
      'recording-stopped',
    ]);
  });

  it('refuses one event gets the others all the same, after three tries, and that one later', async () => {
    const { id } = await rig.recording(await rig.room(), { webhookUrl: receiver.url() });
    await moveRecording(rig.catalog, id, 'recording');
    receiver.behave = (received, response) =>
      status(received.webhookType === 'recording-starting' ? 422 : 200)(received, response);
    const sender = rig.sender();
    const times: number[] = [];
    while (!receiver.types.includes('recording-started')) {
      times.push(rig.now.getTime());
      const next = await rig.send(sender);
      if (next) rig.now = next;
    }
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 5_000, 15_000]);
    expect(receiver.types).toEqual([...Array(3).fill('recording-starting'), 'recording-started']);
    receiver.behave = status(200);
    await rig.send(sender);
    expect(receiver.types.at(-1)).toBe('recording-starting');
    expect((await calls(id)).every((call) => call.status === 'delivered')).toBe(true);
  });

  it('redirects, breaks off, or says too much, has not taken it, or has, by its status', async () => {
    const inner = await rig.receiver();
    const attempt = async (behave: Receiver['behave']) => {
      await rig.clear();
      receiver.behave = behave;
      const { id } = await rig.recording(await rig.room(), { webhookUrl: receiver.url() });
      await rig.send(rig.sender());
      const [call] = await calls(id);
      return [call?.status, call?.answer_status, call?.answer_error];
    };
    // Not followed, wherever it leads.
    expect(await attempt(status(307, { location: inner.url() }))).toEqual(['waiting', 307, null]);
    expect(inner.received).toEqual([]);
    expect(await attempt((_received, response) => response.socket?.end('HTTP/1.1 2'))).toEqual([
      'waiting',
      null,
      expect.stringMatching(/socket hang up|ECONNRESET|aborted/),
    ]);
    expect(
      await attempt((_received, response) => {
        response.writeHead(200, { 'content-length': '1000000' });
        response.write('a'.repeat(1000), () => response.destroy());
      }),
    ).toEqual(['delivered', 200, null]);
    let sent = 0;
    expect(
      await attempt((_received, response) => {
        response.writeHead(200);
        const more = (): void => {
          sent += 65_536;
          if (!response.destroyed) response.write(Buffer.alloc(65_536), more);
        };
        more();
      }),
    ).toEqual(['delivered', 200, null]);
    expect(sent).toBeLessThan(100 * 2 ** 20);
    expect(await attempt((_received, response) => response.socket?.end('no HTTP at all\r\n\r\n'))).toEqual([
      'waiting',
      null,
      expect.stringContaining('Parse Error'),
    ]);
  });

  it('asks for time gets it, within the hour', async () => {
    const { id } = await rig.recording(await rig.room(), { webhookUrl: receiver.url() });
    const sender = rig.sender();
    const begin = rig.now.getTime();
    receiver.behave = status(429, { 'retry-after': '120' });
    await rig.send(sender);
    expect((await calls(id))[0]?.due_at.getTime()).toBe(begin + 120_000);
    later(120_000);
    receiver.behave = status(503, { 'retry-after': '99999999' });
    await rig.send(sender);
    expect((await calls(id))[0]?.due_at.getTime()).toBe(begin + 120_000 + 3_600_000);
  });

  it('lies in a private network is not connected to, whatever its name says', async () => {
    const port = new URL(receiver.url()).port;
    const attempt = async (webhookUrl: string, reach: Reach) => {
      await rig.clear();
      const { id } = await rig.recording(await rig.room(), { webhookUrl });
      await rig.send(rig.sender({ reach }));
      return (await calls(id))[0]?.answer_error;
    };
    expect(await attempt(receiver.url(), { allowed: [] })).toContain('https');
    expect(await attempt(`https://127.0.0.1:${port}/`, { allowed: [] })).toContain('private network');
    // A name that is public by its text, and resolves to this machine.
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    expect(await attempt(`https://rebound.example.org:${port}/`, { allowed: [], resolve })).toContain(
      'private network',
    );
    expect(receiver.received).toEqual([]);
  });
});

const composite = { kind: 'composite', participants: [], watermarks: [] } as const;

describe('a server that', () => {
  it('is killed between the attempt and its mark is followed by another attempt, with the same id', async () => {
    const { id } = await rig.recording(await rig.room(), { webhookUrl: receiver.url() });
    const program = fileURLToPath(new URL('./send-and-die.ts', import.meta.url));
    receiver.behave = (_received, response) => {
      child.kill('SIGKILL');
      response.writeHead(200).end();
    };
    const child = spawn(process.execPath, [program, rig.url], { stdio: ['ignore', 'inherit', 'inherit'] });
    await once(child, 'exit');
    // Its clock was the machine's.
    rig.now = new Date();
    expect(receiver.received).toHaveLength(1);
    expect(await calls(id)).toMatchObject([{ status: 'waiting', attempts: 1, answered_at: null }]);
    receiver.behave = status(200);
    const sender = rig.sender();
    await rig.send(sender);
    // It may still be at it, for all that we know.
    expect(receiver.received).toHaveLength(1);
    later(60_000);
    await rig.send(sender);
    expect(receiver.received).toHaveLength(2);
    expect(new Set(receiver.received.map((one) => one.id)).size).toBe(1);
    expect(await calls(id)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
  });

  it('ends breaks off what hangs, and the next one tries it at once', async () => {
    const { id } = await rig.recording(await rig.room(), { webhookUrl: receiver.url() });
    receiver.behave = hang;
    const sender = rig.sender({ timeoutMs: 60_000 });
    await sender.sendDue();
    await waitFor('the endpoint to be called', 10_000, () => receiver.received.length > 0);
    await sender.close();
    receiver.behave = status(200);
    await rig.send(rig.sender());
    expect(await calls(id)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
  });

  it('shares the database with another sends nothing twice', async () => {
    const roomId = await rig.room();
    for (let i = 0; i < 30; i += 1) {
      const { id } = await rig.recording(roomId, { webhookUrl: receiver.url(`/${i}`), subject: composite });
      await run(id);
    }
    await Promise.all([1, 2, 3].map(() => rig.send(rig.sender())));
    await waitFor('all of it to come', 20_000, () => receiver.received.length >= 120);
    expect(receiver.received).toHaveLength(120);
    expect(new Set(receiver.received.map((one) => one.id)).size).toBe(120);
    for (let i = 0; i < 30; i += 1) {
      expect(receiver.received.filter(({ path }) => path === `/${i}`).map(({ webhookType }) => webhookType)).toEqual(
        ['starting', 'started', 'stopping', 'stopped'].map((phase) => `composite-recording-${phase}`),
      );
    }
  });
});
