/**
 * People recorded apart by the published server SDK, beside the room: real publishers, real files, judged by what they show. Flash and beep
 * of a participant are sent together and have to be found together in whatever file he is in.
 */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { VideoSDK } from '@videosdk.live/server-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Participant, type ParticipantOptions } from '../../src/synthetic/participant.ts';
import { look } from '../support/oracle/look.ts';
import { Service } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/** A picture of 30 fps stands for 33 ms: a flash is seen up to that much after it was sent. */
const FRAME_S = 0.034;
/** A flash and its beep last 100 ms at most; a file's last 100 ms more may be cut by codecs' frames. */
const MARK_S = 0.2;
/** Synthetic senders have a keyframe a second, and until the first there is nothing to show. */
const FIRST_PICTURE_S = 1.3;
/** Sender and recorder agree to a few milliseconds. */
const CLOCK_S = 0.015;

interface WireFile {
  readonly fileUrl: string;
  readonly filePath: string;
  readonly offset: number;
  readonly meta: { readonly format: string; readonly duration: number };
}

describe('people apart', () => {
  let service: Service;
  let sdk: VideoSDK;
  beforeAll(async () => {
    service = await Service.start();
    const { apiKey, apiSecret: secret } = service.key;
    sdk = new VideoSDK({ apiKey, secret, apiEndpoint: service.url });
  });
  afterAll(() => service.close());

  const join = async (roomId: string, name: string, options: Partial<ParticipantOptions>): Promise<Participant> => {
    const participantId = name.toLowerCase();
    const token = await service.participantToken(roomId, { name, participantId });
    const size = { width: 320, height: 180 };
    return Participant.join({ url: service.url, roomId, token, name, index: 0, via: 'room', size, ...options });
  };
  const passed = (seconds: number): Promise<unknown> => {
    const until = Date.now() + seconds * 1000;
    return waitFor(`${seconds} seconds to pass`, seconds * 1000 + 5000, async () => Date.now() >= until);
  };
  const fetched = async (url: string, name: string): Promise<string> => {
    const path = joinPath(service.folder, name);
    await writeFile(path, Buffer.from(await (await fetch(url)).arrayBuffer()));
    // Another program's opinion: every packet of it can be decoded.
    const words = ['-v', 'error', '-i', path, '-f', 'null', '-'];
    expect(execFileSync('ffmpeg', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })).toBe('');
    return path;
  };
  const files = (recording: { readonly [field: string]: unknown }): WireFile[] => recording.files as WireFile[];
  const done = <T extends { readonly [field: string]: unknown }>(get: () => Promise<T>) =>
    waitFor('a recording to be done', 60_000, async () => {
      const recording = await get();
      if (recording.status === 'failed') throw new Error(`It failed: ${String(recording.failureReason)}`);
      return recording.status === 'done' || recording.status === 'completed' ? recording : null;
    });

  it('are recorded beside the room, track by track and together, each in sync with himself; whoever leaves ends his own', async () => {
    const { roomId } = await sdk.rooms.create();
    const [ada, bob] = await Promise.all([
      join(roomId, 'Ada', { index: 0, of: 2, codec: 'vp8' }),
      join(roomId, 'Bob', { index: 1, of: 2, codec: 'h264' }),
    ]);
    const { participant, track, composite, merge } = sdk.recordings;
    const room = await sdk.recordings.start(roomId);
    await participant.start(roomId, { participantId: 'ada', fileFormat: 'webm' });
    await participant.start(roomId, { participantId: 'bob', fileFormat: 'mp4' });
    await track.start(roomId, { participantId: 'ada', kind: 'video' });
    await track.start(roomId, { participantId: 'bob', kind: 'audio' });
    const chosen = await composite.start(roomId, {
      participants: [{ participantId: 'bob' }],
      watermarks: [{ type: 'custom', text: 'CONFIDENTIAL', timezone: 'Asia/Kolkata' }],
    });

    await passed(4);
    const offMs = performance.now();
    await ada.cameraOff();
    await passed(2.5);
    await ada.cameraOn();
    const offSeconds = (performance.now() - offMs) / 1000;
    await passed(3.5);
    expect(await participant.stop(roomId, 'ada')).toBe('participant recording ended successfully.');
    await track.stop(roomId, 'ada', 'video');
    await composite.stop(chosen);
    await bob.leave();
    await sdk.recordings.stop(room);
    const sessionId = (await sdk.sessions.list({ roomId })).data[0]?.id ?? '';
    await ada.leave();

    const one = async (list: typeof participant.list, participantId: string) =>
      (await list({ roomId, participantId })).data[0]?.id ?? '';
    const [adaId, bobId] = [
      await one((params) => participant.list(params), 'ada'),
      await one((params) => participant.list(params), 'bob'),
    ];
    const hers = await done(() => participant.get(adaId));
    const his = await done(() => participant.get(bobId));
    expect(hers).toMatchObject({ stopReason: 'requested', participantName: 'Ada' });
    expect(his).toMatchObject({ stopReason: 'participant-left', participantName: 'Bob' });

    // Ada's file: black while her camera was off, and every flash with its beep.
    const [webm, ...more] = files(hers);
    if (!webm) throw new Error('There is no file of Ada.');
    expect(more).toEqual([]);
    expect(webm.meta.format).toBe('matroska,webm');
    const seen = await look(await fetched(webm.fileUrl, 'ada.webm'), 0);
    expect(seen.duration).toBeCloseTo(webm.meta.duration, 1);
    expect(seen.pictures[0]?.time).toBe(0);
    const black = seen.pictures
      .filter((picture) => picture.black && picture.time > FIRST_PICTURE_S)
      .map(({ time }) => time);
    expect(black.length).toBeGreaterThanOrEqual(2);
    // It lasts until the first keyframe after the camera is on again, and synthetic cameras send one a second.
    expect(Math.max(...black) - Math.min(...black)).toBeLessThan(offSeconds + 1.1);
    inSync(seen);
    expect(seen.beeps.length).toBeGreaterThanOrEqual(4);

    // Bob's: H.264 in MP4, to the moment he left.
    const [mp4] = files(his);
    if (!mp4) throw new Error('There is no file of Bob.');
    expect(mp4.meta.format).toBe('mov,mp4,m4a,3gp,3g2,mj2');
    const heard = await look(await fetched(mp4.fileUrl, 'bob.mp4'), 1);
    expect(heard.pictures.every(({ identity, time }) => identity === 1 || time < FIRST_PICTURE_S)).toBe(true);
    inSync(heard);

    // A track's files: two of her camera, since it was off between; one of his voice.
    const trackId = await one((params) => track.list(params), 'ada');
    const cameras = files(await done(() => track.get(trackId)));
    expect(cameras).toHaveLength(2);
    expect(cameras[1]?.offset).toBeGreaterThan(6);
    for (const [i, { fileUrl, offset }] of cameras.entries()) {
      const { pictures, sound } = await look(await fetched(fileUrl, `camera-${i}.webm`), 0);
      expect(sound).toBeNull();
      expect(pictures.every(({ identity }) => identity === 0)).toBe(true);
      // The same pictures lie at the same times in her own file, to what two starts differ.
      const frame = pictures.find((picture) => picture.frame !== null);
      const same = seen.pictures.findLast((picture) => picture.frame === frame?.frame)?.time ?? 0;
      expect(Math.abs(offset + (frame?.time ?? 0) - same)).toBeLessThan(0.5);
    }
    const voiceId = await one((params) => track.list(params), 'bob');
    const [voice] = files(await done(() => track.get(voiceId)));
    expect(voice?.filePath).toMatch(/\.webm$/);

    // The composite shows Bob alone, as large as the canvas lets him.
    const composed = await done(() => composite.get(chosen.id ?? ''));
    const together = await look(await fetched(String(composed.file?.fileUrl), 'composite.mp4'), 1);
    expect(together.video).toMatchObject({ width: 1280, height: 720 });
    inSync(together);

    // Merged: Ada on the left, Bob on the right.
    const { recording } = await merge.create({
      sessionId,
      channel1: [{ participantId: 'ada' }],
      channel2: [{ participantId: 'bob', recordingId: bobId }],
    });
    const merged = await done(() => merge.get(recording.id));
    const path = await fetched(String(merged.file?.fileUrl), 'merged.mp3');
    const beeps = async (side: 'left' | 'right', index: number) => {
      const mono = joinPath(service.folder, `${side}.wav`);
      const pan = `pan=mono|c0=c${side === 'left' ? 0 : 1}`;
      execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', path, '-af', pan, '-c:a', 'libopus', '-f', 'webm', mono]);
      return (await look(mono, index)).beeps.length;
    };
    expect(await beeps('left', 0)).toBe(seen.beeps.length);
    expect(await beeps('right', 1)).toBe(heard.beeps.length);
    expect(await beeps('left', 1)).toBe(0);
    expect(await beeps('right', 0)).toBe(0);
  });
});

/** Each flash has a beep with it: but the first, which may be what is left of one, and one whose beep the end cuts. */
const inSync = ({ flashes, beeps, duration }: { flashes: number[]; beeps: number[]; duration: number }): void => {
  const whole = flashes.slice(1).filter((flash) => flash + MARK_S < duration);
  expect(whole.length).toBeGreaterThan(0);
  for (const flash of whole) {
    const nearest = Math.min(...beeps.map((beep) => Math.abs(flash - beep)));
    expect(nearest).toBeLessThan(FRAME_S + CLOCK_S);
  }
};
