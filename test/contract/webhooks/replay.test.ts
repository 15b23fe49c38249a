/** `/v2/events` and the public key over HTTP, with the real database behind them. */
import { VideoSDK } from '@videosdk.live/server-sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { numberEvents } from '../../../src/catalog/events.ts';
import { insertFile } from '../../../src/catalog/files.ts';
import { moveRecording } from '../../../src/catalog/recordings.ts';
import type { FileId, RecordingId, RoomId, SessionId } from '../../../src/domain/ids.ts';
import { eventsPort } from '../../../src/processes/webhook-ports.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { signToken } from '../../support/api.ts';
import { type Receiver, status } from '../../support/webhook-receiver.ts';
import { CREDENTIALS, RunningApi } from '../api/running-api.ts';
import { WebhookRig } from './rig.ts';

let rig: WebhookRig;
let server: RunningApi;
let receiver: Receiver;
beforeAll(async () => {
  rig = await WebhookRig.start();
  const sender = rig.sender();
  const ports = { events: eventsPort(rig.catalog, () => sender.wake()), signing: rig.keys };
  server = rig.scope.own('api', await RunningApi.start({}, undefined, undefined, ports), (it) => it.api.close());
});
afterAll(() => rig.scope.close());
beforeEach(async () => {
  await rig.clear();
  receiver = await rig.receiver();
});

it('numbers what nobody has read for long in several transactions, in the order in which it happened', async () => {
  const roomId = await rig.room();
  const ids: string[] = [];
  for (let i = 0; i < 5; i += 1) {
    ids.push((await rig.append({ type: 'session-started', roomId, recordingId: null })).id);
  }
  expect(await numberEvents(rig.catalog, 2)).toBe(5);
  expect(await numberEvents(rig.catalog, 2)).toBe(0);
  const rows = await rig.catalog.selectFrom('events').select('id').orderBy('position').execute();
  expect(rows.map(({ id }) => id)).toEqual(ids);
});

/** A room of both the database and the system behind the API. */
const room = async (webhook: { endPoint: string; events: string[] } | null = null): Promise<RoomId> => {
  const roomId = await rig.room(webhook);
  const now = new Date();
  server.system.roomList.push({
    id: newHexId(),
    roomId,
    customRoomId: null,
    disabled: false,
    createdAt: now,
    updatedAt: now,
  });
  return roomId;
};
const done = async (
  roomId: RoomId,
  webhookUrl?: string,
): Promise<{ id: RecordingId; sessionId: SessionId; fileId: FileId }> => {
  const { id, sessionId } = await rig.recording(roomId, webhookUrl === undefined ? {} : { webhookUrl });
  await moveRecording(rig.catalog, id, 'recording');
  await moveRecording(rig.catalog, id, 'composing');
  const fileId = newHexId<FileId>();
  const facts = { bytes: 1, durationSeconds: 1, width: 1, height: 1, format: 'mp4', videoBytes: 1 };
  await insertFile(rig.catalog, {
    id: fileId,
    recordingId: id,
    compositionId: null,
    type: 'video',
    path: 'x.mp4',
    ...facts,
  });
  await moveRecording(rig.catalog, id, 'done');
  return { id, sessionId, fileId };
};

describe('events', () => {
  it('are read page by page, from any on, by what is asked', async () => {
    const [here, there] = [await room(), await room()];
    const first = await done(here);
    const second = await done(there);
    await rig.append({ type: 'session-ended', roomId: here, recordingId: null });
    const all = (await server.get('/v2/events')).body;
    expect(all.data).toHaveLength(9);
    expect(all).toMatchObject({ next: all.data[8].id, hasMore: false });
    expect(all.data[3]).toMatchObject({
      webhookType: 'recording-stopped',
      data: { id: first.id, meetingId: here, sessionId: first.sessionId, filePath: 'x.mp4' },
      webhook: { totalCount: 0, successCount: 0, data: [] },
    });
    // Signed now, for whoever asks.
    expect(all.data[3].data.fileUrl).toMatch(
      new RegExp(`^${server.url}/v1/files/${first.fileId}\\?expires=\\d+&signature=`),
    );
    const ids: string[] = [];
    for (let next: string | null = null, more = true; more; ) {
      const { body } = await server.get(`/v2/events?perPage=4${next ? `&after=${next}` : ''}`);
      ids.push(...body.data.map(({ id }: { id: string }) => id));
      ({ next, hasMore: more } = body);
    }
    expect(ids).toEqual(all.data.map(({ id }: { id: string }) => id));
    const nothing = (await server.get(`/v2/events?after=${ids[8]}`)).body;
    expect(nothing).toEqual({ data: [], next: ids[8], hasMore: false });

    const types = async (query: string) =>
      (await server.get(`/v2/events?${query}`)).body.data.map((event: { webhookType: string }) => event.webhookType);
    expect(await types(`roomId=${here}&types=recording-st*ed,session-*`)).toEqual([
      'recording-started',
      'recording-stopped',
      'session-ended',
    ]);
    expect(await types(`recordingId=${second.id}&after=${ids[4]}`)).toHaveLength(3);
    expect(await types(`sessionId=${first.sessionId}`)).toHaveLength(4);
    expect(await types('types=100%25_*')).toEqual([]);
    expect((await server.get('/v2/events?roomId=nowhere')).body.data).toEqual([]);
    expect(await server.get(`/v2/events?after=${'f'.repeat(24)}`)).toMatchObject({
      status: 404,
      body: { code: 'RESOURCE_NOT_FOUND', message: expect.stringContaining('leave "after" out') },
    });
    expect((await server.get('/v2/events?perPage=0')).status).toBe(400);
    expect((await server.get(`/v2/events?types=${'a,'.repeat(65)}`)).status).toBe(400);
  });

  it('of other rooms are not for a token that is bound to one', async () => {
    const [here, there] = [await room(), await room()];
    await done(here);
    await rig.append({ type: 'session-ended', roomId: there, recordingId: null });
    const authorization = await signToken(CREDENTIALS, { roomId: here });
    const own = (await server.get('/v2/events', { authorization })).body;
    expect(own.data.every((event: { data: { meetingId: string } }) => event.data.meetingId === here)).toBe(true);
    expect(own.data).toHaveLength(4);
    expect((await server.get(`/v2/events?roomId=${there}`, { authorization })).status).toBe(403);
    const other = (await server.get(`/v2/events?roomId=${there}`)).body.data[0].id;
    expect((await server.post(`/v2/events/${other}/resend`, {}, { authorization })).status).toBe(403);
    expect((await server.get('/v2/events', { authorization: '' })).status).toBe(401);
    const joining = await signToken(CREDENTIALS, { roles: ['rtc'] });
    expect((await server.get('/v2/events', { authorization: joining })).status).toBe(403);
  });

  it('are sent again by hand, with the same id, though they had been given up', async () => {
    const roomId = await room();
    const { id } = await done(roomId, receiver.url('/hook?secret=hush'));
    receiver.behave = status(410);
    await rig.send(rig.sender());
    const list = await server.get(`/v2/events?recordingId=${id}`);
    expect(list.text).not.toContain('hush');
    expect(list.body.data[0].webhook).toMatchObject({
      totalCount: 1,
      successCount: 0,
      data: [
        {
          type: 'recording-starting',
          success: false,
          status: 'gone',
          attempts: 1,
          answer: { status: 410, error: null },
        },
      ],
    });
    receiver.behave = status(200);
    const event = list.body.data[3].id;
    expect((await server.post(`/v2/events/${event}/resend`)).body).toEqual({ resent: 1 });
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(2);
    expect(receiver.received[1]).toMatchObject({ id: event, webhookType: 'recording-stopped' });
    const after = async () => (await server.get(`/v2/events?recordingId=${id}&types=recording-stopped`)).body.data[0];
    await expect
      .poll(async () => (await after()).webhook, { timeout: 10_000 })
      .toMatchObject({
        successCount: 1,
        data: [{ success: true, status: 'delivered', nextAttempt: null }],
      });
    expect((await server.post(`/v2/events/${'f'.repeat(24)}/resend`)).status).toBe(404);
  });
});

it('the public key is for everybody, in the form that the server SDK takes', async () => {
  const roomId = await room({ endPoint: receiver.url(), events: ['*'] });
  await rig.append({ type: 'session-ended', roomId, recordingId: null });
  await rig.send(rig.sender());
  const [got] = receiver.received;
  const sdk = new VideoSDK({ apiKey: CREDENTIALS.apiKey, secret: CREDENTIALS.apiSecret, apiEndpoint: server.url });
  const signature = got?.headers['videosdk-signature'];
  expect(await sdk.webhooks.verify(got?.raw ?? '', signature)).toMatchObject({ type: 'session-ended' });
  const { status: answered, body } = await server.get('/v2/public/rsa-public-key', { authorization: '' });
  expect(answered).toBe(200);
  expect(body).toMatchObject({ publicKeys: [{ publicKey: body.publicKey, until: null }] });
});
