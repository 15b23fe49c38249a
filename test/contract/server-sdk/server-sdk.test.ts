/** VideoSDK's own server SDK, unmodified, pointed at our server: rooms, sessions, participants and room recordings. */
import {
  AuthenticationError,
  ResourceConflictError,
  RoomNotFoundError,
  ValidationError,
  VideoSDK,
} from '@videosdk.live/server-sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FileView } from '../../../src/api/ports.ts';
import { signToken } from '../../support/api.ts';
import { CREDENTIALS, RunningApi } from '../api/running-api.ts';

let server: RunningApi;
let sdk: VideoSDK;

beforeAll(async () => {
  server = await RunningApi.start();
  sdk = new VideoSDK({ apiKey: CREDENTIALS.apiKey, secret: CREDENTIALS.apiSecret, apiEndpoint: server.url });
});
afterAll(() => server.api.close());
beforeEach(() => {
  server.system.roomList.length = 0;
  server.system.sessionList.length = 0;
  server.system.recordingList.length = 0;
});

describe('rooms', () => {
  it('creates, gets and ends', async () => {
    const room = await sdk.rooms.create({ customRoomId: 'weekly call', geoFence: 'eu001' });
    expect(room).toMatchObject({ customRoomId: 'weekly call', disabled: false });
    expect(room.roomId).toMatch(/^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$/);
    expect(room.id).toMatch(/^[0-9a-f]{24}$/);
    expect((await sdk.rooms.create({ customRoomId: 'weekly call' })).roomId).toBe(room.roomId);
    expect((await sdk.rooms.get('weekly call')).id).toBe(room.id);
    expect((await sdk.rooms.end(room.roomId)).disabled).toBe(true);
  });

  it('lists page by page, to the end', async () => {
    for (let count = 0; count < 7; count++) await sdk.rooms.create();
    const page = await sdk.rooms.list({ perPage: 3 });
    expect(page.data).toHaveLength(3);
    expect(page.total).toBe(7);
    const seen: string[] = [];
    for await (const room of page) seen.push(room.roomId);
    expect(new Set(seen).size).toBe(7);
    const one = await sdk.rooms.list({ query: seen[4] ?? '' });
    expect(one.data.map(({ roomId }) => roomId)).toEqual([seen[4]]);
  });

  it('validates', async () => {
    const room = await sdk.rooms.create();
    expect(await sdk.rooms.validate(room.roomId)).toMatchObject({ valid: true, room: { id: room.id } });
    expect(await sdk.rooms.validate('aaaa-bbbb-cccc')).toEqual({ valid: false, roomId: 'aaaa-bbbb-cccc' });
  });

  it('gets errors as the classes it knows', async () => {
    await expect(sdk.rooms.get('aaaa-bbbb-cccc')).rejects.toThrow(RoomNotFoundError);
    await expect(sdk.rooms.get('aaaa-bbbb-cccc')).rejects.toMatchObject({
      message: 'Room not found.',
      code: 'ROOM_NOT_FOUND',
      requestId: expect.any(String),
    });
    const wrong = new VideoSDK({ apiKey: CREDENTIALS.apiKey, secret: 'x'.repeat(40), apiEndpoint: server.url });
    await expect(wrong.rooms.list()).rejects.toThrow(AuthenticationError);
    await expect(sdk.rooms.create({ webhook: { url: 'not a url', events: [] } })).rejects.toThrow(ValidationError);
  });
});

describe('sessions and participants', () => {
  it('lists, gets, filters and ends', async () => {
    const roomId = await server.liveRoom('sdk-room');
    const sessions = await sdk.sessions.list({
      roomId,
      status: 'ongoing',
      startDate: Date.now() - 60_000,
      endDate: Date.now() + 60_000,
    });
    expect(sessions.data).toHaveLength(1);
    const id = sessions.data[0]?.id ?? '';
    expect(await sdk.sessions.get(id)).toMatchObject({ roomId, status: 'ongoing', end: null });
    expect((await sdk.sessions.list({ customRoomId: 'sdk-room' })).data).toHaveLength(1);
    expect((await sdk.sessions.list({ status: 'ended' })).data).toHaveLength(0);
    expect(await sdk.sessions.end({ roomId })).toMatchObject({ id, roomId, customRoomId: 'sdk-room', status: 'ended' });
    expect(await sdk.sessions.end({ roomId, ignoreClosed: true })).toMatchObject({ id, status: 'ended' });
    await expect(sdk.sessions.end({ roomId })).rejects.toThrow(ValidationError);
  });

  it('lists participants, and those present', async () => {
    const roomId = await server.liveRoom();
    for (const name of ['bob', 'cleo', 'dan']) server.system.join(roomId, name, name);
    const sessionId = (await sdk.sessions.list({ roomId })).data[0]?.id ?? '';
    const names: string[] = [];
    for await (const participant of await sdk.sessions.listParticipants(sessionId, { perPage: 2 }))
      names.push(participant.participantId);
    expect(names).toEqual(['ann', 'bob', 'cleo', 'dan']);
    expect(await sdk.sessions.getParticipant(sessionId, 'bob')).toMatchObject({
      name: 'bob',
      timelog: [{ end: null }],
    });
    expect(await sdk.participants.get(roomId, 'cleo')).toMatchObject({ participantId: 'cleo' });
    expect(await sdk.participants.remove(roomId, 'bob')).toEqual(expect.any(String));
    expect(await sdk.sessions.removeParticipant({ sessionId, participantId: 'dan' })).toEqual(expect.any(String));
    const present = await sdk.participants.list(roomId);
    expect(present.data.map(({ participantId }) => participantId)).toEqual(['ann', 'cleo']);
    expect((await sdk.sessions.listActiveParticipants(sessionId)).total).toBe(2);
    await expect(sdk.participants.remove(roomId, 'nobody')).rejects.toThrow(RoomNotFoundError);
  });
});

describe('room recordings', () => {
  it('starts, stops, lists, gets and deletes', async () => {
    const roomId = await server.liveRoom();
    const handle = await sdk.recordings.start(roomId, {
      composition: {
        layout: 'grid',
        priority: 'SPEAKER',
        gridSize: 9,
        theme: 'DARK',
        quality: 'high',
        orientation: 'landscape',
      },
      fileFormat: 'webm',
    });
    expect(handle).toEqual({ type: 'recording', roomId, raw: 'Recording started successfully' });
    expect(server.system.startedWith.at(-1)).toMatchObject({
      layout: { gridSize: 9 },
      theme: 'DARK',
      quality: 'high',
      fileFormat: 'webm',
    });
    await expect(sdk.recordings.start(roomId)).rejects.toThrow(ResourceConflictError);
    expect(await sdk.recordings.stop(handle)).toBe('Recording ended successfully');

    const list = await sdk.recordings.list({ roomId, withTranscription: false });
    const id = list.data[0]?.id ?? '';
    expect(await sdk.recordings.get(id)).toMatchObject({ id, roomId, file: null, status: 'composing' });
    server.system.finish(id, {
      id: 'f'.repeat(24),
      type: 'video',
      filePath: 'recordings/x.mp4',
      bytes: 1000,
      durationSeconds: 4,
      width: 1920,
      height: 1080,
      format: 'mov,mp4,m4a,3gp,3g2,mj2',
      createdAt: new Date(),
    });
    const done = await sdk.recordings.get(id, { withTranscription: true });
    expect(done.file).toMatchObject({
      size: 1000,
      meta: { duration: 4, resolution: { width: 1920, height: 1080 } },
      ratio: { 1080: 250 },
    });
    expect(done.file?.fileUrl).toMatch(new RegExp(`^${server.url}/v1/files/f{24}\\?expires=\\d+&signature=`));
    expect(await sdk.recordings.delete(id)).toBe('Room recording deleted successfully');
    await expect(sdk.recordings.get(id)).rejects.toThrow(RoomNotFoundError);
  });

  it('has what is said written down and summed up', async () => {
    const transcription = { enabled: true, summary: { enabled: true, prompt: 'Decisions first.' } };
    const roomId = await server.liveRoom();
    const handle = await sdk.recordings.start(roomId, { transcription });
    expect(server.system.transcriptionsAsked.at(-1)).toEqual({
      engine: null,
      language: null,
      summary: { prompt: 'Decisions first.' },
    });
    await sdk.recordings.stop(handle);
    const list = await sdk.recordings.list({ roomId, withTranscription: true });
    expect(list.data[0]).toMatchObject({ roomId, transcription: null });
    const room = await sdk.rooms.create({ autoStartConfig: { recording: { transcription } } });
    expect(room.roomId).toMatch(/^[a-z0-9-]{14}$/);
    // Without a recording there is nothing to write it down from.
    await expect(sdk.transcription.realtime.start(roomId)).rejects.toThrow(/not implemented/);
  });

  it('says where files of every kind are to go', async () => {
    const [dirPath, preSignedUrl] = ['/here/', 'https://bucket.example.com/o.mp4?X-Amz-Signature=s'];
    await sdk.recordings.start(await server.liveRoom(), { dirPath, preSignedUrl });
    await sdk.recordings.participant.start(await server.liveRoom(), { participantId: 'ann', dirPath });
    await sdk.recordings.track.start(await server.liveRoom(), { participantId: 'ann', kind: 'video', dirPath });
    await sdk.recordings.composite.start(await server.liveRoom(), { participants: [], dirPath, preSignedUrl });
    expect(server.system.destinations.slice(-4)).toEqual([
      { directory: 'here', preSignedUrl },
      { directory: 'here', preSignedUrl: null },
      { directory: 'here', preSignedUrl: null },
      { directory: 'here', preSignedUrl },
    ]);
  });

  it('takes whom to tell, of every kind of recording and of a room', async () => {
    const webhookUrl = 'https://example.com/hook?of=mine';
    const roomId = await server.liveRoom();
    await sdk.recordings.start(roomId, { webhookUrl });
    await sdk.recordings.participant.start(roomId, { participantId: 'ann', webhookUrl });
    await sdk.recordings.track.start(roomId, { participantId: 'ann', kind: 'audio', webhookUrl });
    await sdk.recordings.composite.start(roomId, { webhookUrl });
    expect(server.system.callbacks.slice(-4)).toEqual(Array(4).fill({ webhookUrl, baseUrl: server.url }));
    const room = await sdk.rooms.create({ webhook: { url: 'https://example.com/room', events: ['recording-*'] } });
    expect(room.webhook).toEqual({ endPoint: 'https://example.com/room', events: ['recording-*'] });
    expect((await sdk.rooms.get(room.roomId)).webhook).toEqual(room.webhook);
    const authorization = await signToken(CREDENTIALS, { roomId: room.roomId });
    const { body } = await server.get(`/v2/rooms/${room.roomId}`, { authorization });
    expect(body.webhook).toEqual({ endPoint: 'https://example.com', events: ['recording-*'] });
  });

  it('refuses what is not there yet by name', async () => {
    const roomId = await server.liveRoom();
    await expect(sdk.hls.start(roomId)).rejects.toMatchObject({ httpStatus: 501 });
  });

  it('has no session to record in an empty room', async () => {
    const { roomId } = await sdk.rooms.create();
    await expect(sdk.recordings.start(roomId)).rejects.toMatchObject({
      httpStatus: 400,
      message: 'Room has no active session.',
    });
  });
});

/** One red pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

const FILE: FileView = {
  id: 'f'.repeat(24),
  type: 'video',
  filePath: 'recordings/x.webm',
  bytes: 1000,
  durationSeconds: 4,
  width: 640,
  height: 360,
  format: 'webm',
  createdAt: new Date(),
};

describe('recordings of one participant', () => {
  it('start, stop, list, get and are deleted', async () => {
    const roomId = await server.liveRoom();
    server.system.join(roomId, 'bob', 'Bob');
    const { participant } = sdk.recordings;
    const options = { participantId: 'ann', fileFormat: 'webm', metadata: { seat: 7 } } as const;
    expect(await participant.start(roomId, options)).toBe('participant recording started successfully.');
    await expect(participant.start(roomId, options)).rejects.toThrow(ResourceConflictError);
    await participant.start(roomId, { participantId: 'bob', fileFormat: 'mp4' });
    expect(await participant.stop(roomId, 'ann')).toBe('participant recording ended successfully.');
    await expect(participant.stop(roomId, 'ann')).rejects.toThrow(ResourceConflictError);
    await expect(participant.start(roomId, { participantId: 'nobody' })).rejects.toThrow(RoomNotFoundError);

    const sessionId = (await sdk.sessions.list({ roomId })).data[0]?.id ?? '';
    const page = await participant.list({ roomId, sessionId, participantId: 'ann' });
    expect(page.data).toHaveLength(1);
    const id = page.data[0]?.id ?? '';
    expect(await participant.get(id)).toMatchObject({
      id,
      roomId,
      participantId: 'ann',
      participantName: 'Ann',
      metadata: { seat: 7 },
      fileFormat: 'webm',
      files: [],
      status: 'composing',
      end: expect.any(String),
    });
    server.system.finish(id, FILE);
    expect(await participant.get(id)).toMatchObject({
      status: 'done',
      files: [
        { fileUrl: expect.stringContaining(server.url), offset: 0, meta: { format: 'matroska,webm', duration: 4 } },
      ],
    });
    // Each kind is found at its own address alone.
    expect((await sdk.recordings.list({ roomId })).data).toEqual([]);
    await expect(sdk.recordings.get(id)).rejects.toThrow(RoomNotFoundError);
    await expect(sdk.recordings.track.get(id)).rejects.toThrow(RoomNotFoundError);
    expect(await participant.delete(id)).toBe('Participant recording deleted successfully');
    await expect(participant.get(id)).rejects.toThrow(RoomNotFoundError);
  });

  it('start, stop, list, get and are deleted track by track', async () => {
    const roomId = await server.liveRoom();
    const { track } = sdk.recordings;
    for (const kind of ['audio', 'video', 'screen_audio', 'screen_video'] as const) {
      expect(await track.start(roomId, { participantId: 'ann', kind })).toBe('track recording started successfully.');
    }
    await expect(track.start(roomId, { participantId: 'ann', kind: 'audio' })).rejects.toThrow(ResourceConflictError);
    const asMp3 = { participantId: 'ann', kind: 'video', fileFormat: 'mp3' } as const;
    await expect(track.start(roomId, asMp3)).rejects.toThrow('"fileFormat" is "mp3", which holds sound alone');
    expect(await track.stop(roomId, 'ann', 'video')).toBe('track recording ended successfully.');
    const { data } = await track.list({ roomId, participantId: 'ann', perPage: 10 });
    expect(data.map(({ kind }) => kind).toSorted()).toEqual(['audio', 'screen_audio', 'screen_video', 'video']);
    const id = data.find(({ kind }) => kind === 'video')?.id ?? '';
    server.system.finish(id, FILE);
    server.system.finish(id, { ...FILE, id: 'e'.repeat(24), offsetSeconds: 12.5 });
    expect(await track.get(id)).toMatchObject({ kind: 'video', files: [{ offset: 0 }, { offset: 12.5 }] });
    expect(await track.delete(id)).toBe('Track recording deleted successfully');
    await expect(track.get(id)).rejects.toThrow(RoomNotFoundError);
  });

  it('are refused by name where something is not there yet', async () => {
    const roomId = await server.liveRoom();
    const start = (options: object) => sdk.recordings.participant.start(roomId, { participantId: 'ann', ...options });
    for (const [options, name] of [[{ fileFormat: 'm3u8' }, 'm3u8']] as const) {
      await expect(start(options)).rejects.toMatchObject({ httpStatus: 501, message: expect.stringContaining(name) });
    }
    await expect(start({ fileFormat: 'avi' })).rejects.toThrow(ValidationError);
  });
});

describe('composite recordings', () => {
  it('start, stop, list, get and are deleted, several at once', async () => {
    const roomId = await server.liveRoom();
    const { composite } = sdk.recordings;
    const handle = await composite.start(roomId, {
      participants: [{ participantId: 'ann', kind: ['audio', 'video'] }, { participantId: 'bob' }],
      watermarks: [
        { type: 'custom', text: 'CONFIDENTIAL', imageBase64: `data:image/png;base64,${PNG}` },
        { type: 'custom', timezone: 'Asia/Kolkata', position: 'bottom-left' },
        { type: 'pubsub', topic: 'ticker' },
      ],
    });
    const sessionId = (await sdk.sessions.list({ roomId })).data[0]?.id ?? '';
    expect(handle).toMatchObject({ type: 'composite', roomId, sessionId, id: expect.stringMatching(/^[0-9a-f]{24}$/) });
    expect(server.system.startedWith.at(-1)).toMatchObject({ layout: { type: 'GRID', gridSize: 2 } });
    expect(server.system.watermarks.map((image) => image?.length ?? null)).toEqual([70, null, null]);
    const everybody = await composite.start(roomId);
    expect(everybody.id).not.toBe(handle.id);
    expect(server.system.startedWith.at(-1)).toMatchObject({ layout: { gridSize: 25 } });
    expect(await composite.stop(handle)).toBe('composite recording ended successfully.');

    expect((await composite.list({ roomId, sessionId })).data.map(({ id }) => id).toSorted()).toEqual(
      [handle.id, everybody.id].toSorted(),
    );
    const id = handle.id ?? '';
    server.system.finish(id, FILE);
    expect(await composite.get(id)).toMatchObject({
      id,
      meetingId: roomId,
      participants: [
        { participantId: 'ann', kind: ['audio', 'video'] },
        { participantId: 'bob', kind: ['audio', 'video', 'screen_audio', 'screen_video'] },
      ],
      watermarks: [
        { hasImage: true, text: 'CONFIDENTIAL', position: 'top-right' },
        { hasImage: false, timezone: 'Asia/Kolkata', position: 'bottom-left' },
        { hasImage: false, text: '', topic: 'ticker', position: 'top-left' },
      ],
      status: 'done',
      file: { fileUrl: expect.stringContaining(server.url) },
    });
    expect(await composite.delete(id)).toBe('Composite recording deleted successfully');
    await expect(composite.get(id)).rejects.toThrow(RoomNotFoundError);
  });

  it('are refused where a watermark is wrong', async () => {
    const roomId = await server.liveRoom();
    const start = (options: object) => sdk.recordings.composite.start(roomId, options);
    const custom = (mark: object) => ({ watermarks: [{ type: 'custom', ...mark }] });
    for (const [options, message] of [
      [custom({}), 'shows nothing'],
      [custom({ imageBase64: 'bm8gaW1hZ2U=' }), 'The image of "watermarks[0].imageBase64" is neither a PNG nor a JPEG'],
      [custom({ imageUrl: 'http://example.com/logo.png' }), 'must be an https URL'],
      [custom({ imageUrl: 'https://127.0.0.1/logo.png' }), 'private network'],
      [custom({ imageUrl: 'https://localhost/logo.png' }), 'private network'],
      [custom({ timezone: 'Mars/Olympus' }), 'IANA'],
      [{ watermarks: [{ type: 'pubsub', text: 'soon' }] }, '"watermarks[0].topic" is missing'],
      [{ participants: [{ participantId: 'ann' }, { participantId: 'ann' }] }, '"participants[1].participantId"'],
      [
        { watermarks: Array.from({ length: 4 }, () => ({ type: 'custom', text: 'x' })) },
        '"watermarks" is a list of 4: it must have at most 3 entries.',
      ],
    ] as const) {
      await expect(start(options)).rejects.toMatchObject({
        httpStatus: 400,
        message: expect.stringContaining(message),
      });
    }
  });
});

describe('merges', () => {
  it('are created, listed and got', async () => {
    const roomId = await server.liveRoom();
    server.system.join(roomId, 'bob', 'Bob');
    const sessionId = (await sdk.sessions.list({ roomId })).data[0]?.id ?? '';
    const { participant, track, merge } = sdk.recordings;
    await participant.start(roomId, { participantId: 'ann' });
    await track.start(roomId, { participantId: 'bob', kind: 'audio' });
    const ann = (await participant.list({ roomId })).data[0]?.id ?? '';
    const bob = (await track.list({ roomId })).data[0]?.id ?? '';
    const asked = {
      sessionId,
      channel1: [{ participantId: 'ann', recordingId: ann }],
      channel2: [{ participantId: 'bob' }],
    };
    await expect(merge.create(asked)).rejects.toThrow(ResourceConflictError);
    server.system.finish(ann, FILE);
    server.system.finish(bob, FILE);
    const { message, recording } = await merge.create(asked);
    expect(message).toBe('merge recording started successfully.');
    expect(recording).toMatchObject({
      channel1: [{ participantId: 'ann', recordingId: ann }],
      channel2: [{ participantId: 'bob', recordingId: bob }],
      meetingId: roomId,
      sessionId,
      status: 'processing',
      end: null,
    });
    expect((await merge.list({ sessionId, status: 'completed' })).data).toEqual([]);
    server.system.finish(recording.id, {
      ...FILE,
      type: 'audio',
      width: null,
      height: null,
      format: 'mp3',
      filePath: 'recordings/x.mp3',
    });
    expect(await merge.get(recording.id)).toMatchObject({
      status: 'completed',
      end: expect.any(String),
      file: { type: 'audio', meta: { format: 'mp3', duration: 4 }, ratio: { audio: 250 } },
    });
    const page = await merge.list({ roomId, sessionId, status: 'completed', perPage: 5 });
    expect(page.data.map(({ id }) => id)).toEqual([recording.id]);
    expect((await merge.list({ id: recording.id })).total).toBe(1);
    expect((await merge.list({ id: ann })).total).toBe(0);
  });

  it('are refused without a session, without sources, and where something is not there yet', async () => {
    const { merge } = sdk.recordings;
    const one = [{ participantId: 'ann' }];
    const nowhere = { sessionId: 'e'.repeat(24), channel1: one, channel2: one };
    await expect(merge.create(nowhere)).rejects.toThrow(RoomNotFoundError);
    await expect(merge.create({ ...nowhere, channel2: [] })).rejects.toThrow(ValidationError);
    await expect(merge.get('e'.repeat(24))).rejects.toThrow(RoomNotFoundError);
  });
});
