import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { ResourceConflictError, RoomNotFoundError, VideoSDK } from '@videosdk.live/server-sdk';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Participant } from '../../src/synthetic/participant.ts';
import { Service } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/** What ffprobe, which is not ours, says of a file. */
interface Probed {
  readonly format: { readonly format_name: string; readonly duration: string };
  readonly streams: readonly { readonly codec_name: string; readonly width?: number; readonly height?: number }[];
}
const probe = (path: string): Probed => {
  const words = ['-v', 'error', '-of', 'json', '-show_format', '-show_streams', path];
  return JSON.parse(execFileSync('ffprobe', words, { encoding: 'utf8' }));
};

/** VideoSDK's own server SDK, unmodified, against the whole running product: real publishers, real files. */
describe('the server SDK', () => {
  const MAX_SECONDS = 4;
  let service: Service;
  let sdk: VideoSDK;
  const participants: Participant[] = [];
  beforeAll(async () => {
    service = await Service.start({ ROOMTAPE_MAX_RECORDING_DURATION: `${MAX_SECONDS}s` });
    const { apiKey, apiSecret: secret } = service.key;
    sdk = new VideoSDK({ apiKey, secret, apiEndpoint: service.url });
  });
  afterEach(() => Promise.all(participants.splice(0).map((participant) => participant.leave())));
  afterAll(() => service.close());

  const join = async (roomId: string): Promise<Participant> => {
    const token = await service.participantToken(roomId);
    const participant = await Participant.join({ url: service.url, roomId, token, name: 'Ada', index: 0, via: 'room' });
    participants.push(participant);
    return participant;
  };
  const finished = (id: string) =>
    waitFor('the recording to be done', 60_000, async () => {
      const recording = await sdk.recordings.get(id);
      return recording.file ? recording : null;
    });
  const only = async (roomId: string) => {
    const { data } = await sdk.recordings.list({ roomId });
    expect(data).toHaveLength(1);
    return data[0]?.id ?? '';
  };

  it('makes a room, sees its session, records it, fetches the file in ranges, and deletes it', async () => {
    const { roomId } = await sdk.rooms.create({ customRoomId: 'weekly' });
    expect(await sdk.rooms.validate(roomId)).toMatchObject({ valid: true });
    const ada = await join(roomId);
    const { data: sessions } = await sdk.sessions.list({ roomId });
    const sessionId = sessions[0]?.id ?? '';
    const present = await sdk.participants.get(roomId, ada.participantId ?? '');
    expect(present).toMatchObject({ participantId: ada.participantId, name: 'Ada' });

    const handle = await sdk.recordings.start('weekly', {
      composition: { layout: 'grid', gridSize: 2, theme: 'LIGHT', quality: 'low' },
    });
    await expect(sdk.recordings.start(roomId)).rejects.toThrow(ResourceConflictError);
    await waitFor('two seconds to be recorded', 10_000, async () => {
      const { start } = await sdk.recordings.get(await only(roomId));
      return start !== undefined && Date.now() - Date.parse(String(start)) > 2000;
    });
    expect(await sdk.recordings.stop(handle)).toBe('Recording ended successfully');
    const id = await only(roomId);
    const { file } = await finished(id);
    const meta = file?.meta as { resolution: unknown; duration: number };
    expect(meta.resolution).toEqual({ width: 854, height: 480 });

    const url = String(file?.fileUrl);
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    const part = await fetch(url, { headers: { range: 'bytes=100-199' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(100, 200));
    expect((await fetch(url, { headers: { range: `bytes=${whole.length}-` } })).status).toBe(416);
    const path = joinPath(service.folder, 'fetched.mp4');
    await writeFile(path, whole);
    const { streams, format } = probe(path);
    expect(streams.map(({ codec_name }) => codec_name)).toEqual(['h264', 'aac']);
    expect(Number(format.duration)).toBeCloseTo(meta.duration, 1);

    expect(await sdk.recordings.delete(id)).toBe('Room recording deleted successfully');
    await expect(sdk.recordings.get(id)).rejects.toThrow(RoomNotFoundError);
    expect((await fetch(url)).status).toBe(404);
    await sdk.rooms.end(roomId);
    await waitFor('the session to end', 10_000, async () => (await sdk.sessions.get(sessionId)).status === 'ended');
  });

  it('gives sound alone as WebM', async () => {
    const { roomId } = await sdk.rooms.create();
    await join(roomId);
    // The SDK has no word for the mode. What nobody ends, ends at the maximum duration.
    const id = await service.api.startRecording(roomId, { mode: 'audio' }, { fileFormat: 'webm' });
    const { file } = await finished(id);
    const meta = file?.meta as { duration: number };
    expect(meta).toMatchObject({ resolution: null, format: 'matroska,webm' });
    expect(file?.type).toBe('audio');
    const answer = await fetch(String(file?.fileUrl), { headers: { range: 'bytes=0-3' } });
    expect(answer.headers.get('content-type')).toBe('audio/webm');
    expect(Buffer.from(await answer.arrayBuffer()).toString('hex')).toBe('1a45dfa3');
    const { streams, format } = probe(joinPath(service.server.dataDir, String(file?.filePath)));
    expect(streams.map(({ codec_name }) => codec_name)).toEqual(['opus']);
    expect(Number(format.duration)).toBeCloseTo(meta.duration, 1);
  });

  it('records sound alone, and what nobody ends, ends at the maximum duration', async () => {
    const { roomId } = await sdk.rooms.create();
    await join(roomId);
    // The SDK has no word for the mode.
    const id = await service.api.startRecording(roomId, { mode: 'audio' });
    const { file, ...recording } = await finished(id);
    expect(recording).toMatchObject({ status: 'done', stopReason: 'max-duration' });
    const located = joinPath(service.server.dataDir, String(file?.filePath));
    expect(located.endsWith('.m4a')).toBe(true);
    const { streams, format } = probe(located);
    expect(streams.map(({ codec_name }) => codec_name)).toEqual(['aac']);
    expect(Number(format.duration)).toBeGreaterThanOrEqual(MAX_SECONDS);
    expect(Number(format.duration)).toBeLessThan(MAX_SECONDS + 2);
  });
});
