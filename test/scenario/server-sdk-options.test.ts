/**
 * Every option of the server SDK's recording calls, each proved by the file that it gives: real publishers, the published SDK unmodified,
 * the picture decoded and looked at. What the layouts show with whom is the business of other scenarios: here Bob is pinned.
 */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { VideoSDK } from '@videosdk.live/server-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { gridRects } from '../../src/domain/grid.ts';
import type { Rect, Size } from '../../src/domain/layout.ts';
import { frameRect, sidebarRects } from '../../src/domain/stage.ts';
import { Participant, type ParticipantOptions } from '../../src/synthetic/participant.ts';
import { farthest, toRgb } from '../support/oracle/colours.ts';
import { decodeFile, type Picture } from '../support/oracle/media-file.ts';
import { readTile } from '../support/oracle/tile-reading.ts';
import { Service } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/** Synthetic cameras have a keyframe a second; then tiles are in their places. */
const RECORDED_S = 2;
const [ADA, BOB] = [0, 1];
/** As the published page has them; two encodings away. */
const THEMES = { DARK: [5, 10, 14], LIGHT: [255, 255, 255], DEFAULT: [33, 32, 50] } as const;
const COLOUR_OFF = 8;

type Start = NonNullable<Parameters<VideoSDK['recordings']['start']>[1]>;
interface Case {
  readonly asked: Start;
  readonly size: Size;
  readonly codecs: readonly string[];
  /** Who is seen where. */
  readonly tiles: (canvas: Size) => readonly (readonly [index: number, rect: Rect])[];
  readonly theme: keyof typeof THEMES;
}
const H264 = ['h264', 'aac'];
const grid =
  (...people: readonly number[]) =>
  (canvas: Size) =>
    gridRects(people.length, canvas).map((rect, i) => [people[i] ?? -1, rect] as const);

const CASES: Readonly<Record<string, Case>> = {
  nothing: { asked: {}, size: { width: 1280, height: 720 }, codecs: H264, tiles: grid(BOB, ADA), theme: 'DEFAULT' },
  'one tile, dark, of a resource pool': {
    asked: {
      composition: { layout: 'grid', gridSize: 1, theme: 'DARK', quality: 'low' },
      fileFormat: 'mp4',
      resourceId: 'r-1',
    },
    size: { width: 854, height: 480 },
    codecs: H264,
    tiles: grid(BOB),
    theme: 'DARK',
  },
  'spotlight on who is pinned, upright': {
    asked: { composition: { layout: 'spotlight', priority: 'PIN', orientation: 'portrait', quality: 'med' } },
    size: { width: 720, height: 1280 },
    codecs: H264,
    tiles: (canvas) => [[BOB, frameRect(canvas)]],
    theme: 'DEFAULT',
  },
  'sidebar, light, ultra': {
    asked: { composition: { layout: 'sidebar', priority: 'SPEAKER', gridSize: 0, theme: 'LIGHT', quality: 'ultra' } },
    size: { width: 3840, height: 2160 },
    codecs: H264,
    tiles: (canvas) => {
      const { stage, beside } = sidebarRects(1, canvas);
      return [...stage.map((rect) => [BOB, rect] as const), ...beside.map((rect) => [ADA, rect] as const)];
    },
    theme: 'LIGHT',
  },
  'no layout but a quality, as WebM': {
    asked: { composition: { quality: 'high', theme: 'DEFAULT', gridSize: 4 }, fileFormat: 'webm' },
    size: { width: 1920, height: 1080 },
    codecs: ['vp9', 'opus'],
    tiles: grid(BOB, ADA),
    theme: 'DEFAULT',
  },
};

/** Mean colour of eight pixels' square. */
const colourAt = (picture: Picture, left: number, top: number): readonly number[] => {
  const mean = (plane: number, shift: number): number => {
    let sum = 0;
    const length = 8 >> shift;
    for (let y = 0; y < length; y++) {
      const row = ((top >> shift) + y) * (picture.lines[plane] ?? 0) + (left >> shift);
      for (let x = 0; x < length; x++) sum += picture.planes[plane]?.[row + x] ?? 0;
    }
    return sum / length ** 2;
  };
  return toRgb({ y: mean(0, 0), u: mean(1, 1), v: mean(2, 1) }, picture.colour);
};

/** The highest luma in an area. */
const brightest = (picture: Picture, area: Rect): number => {
  let most = 0;
  for (let y = area.y; y < area.y + area.height; y++) {
    for (let x = area.x; x < area.x + area.width; x++) {
      most = Math.max(most, picture.planes[0]?.[y * (picture.lines[0] ?? 0) + x] ?? 0);
    }
  }
  return most;
};

describe('the server SDK', () => {
  let service: Service;
  let sdk: VideoSDK;
  beforeAll(async () => {
    service = await Service.start();
    const { apiKey, apiSecret: secret } = service.key;
    sdk = new VideoSDK({ apiKey, secret, apiEndpoint: service.url });
  });
  afterAll(() => service.close());

  const join = async (roomId: string, name: string, options: Partial<ParticipantOptions>): Promise<Participant> => {
    const token = await service.participantToken(roomId, { name, participantId: name.toLowerCase() });
    const size = { width: 320, height: 180 };
    return Participant.join({ url: service.url, roomId, token, name, index: 0, of: 2, via: 'room', size, ...options });
  };
  /** Somebody comes, says something on a topic, and leaves. */
  const say = async (roomId: string, topic: string, payload: string): Promise<void> => {
    const token = await service.participantToken(roomId, { participantId: 'teller' });
    const address = `${service.url.replace(/^http/, 'ws')}/v1/rooms/${roomId}/socket?token=${token}`;
    const socket = new WebSocket(address);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () => socket.send(JSON.stringify({ type: 'join', protocol: 1, name: 'Teller' })));
      socket.on('message', (data) => {
        const { type } = JSON.parse(String(data)) as { type: string };
        if (type === 'joined') socket.send(JSON.stringify({ type: 'send', topic, payload }));
        if (type === 'message') resolve();
      });
    });
    socket.close();
  };
  const passed = (seconds: number): Promise<unknown> => {
    const until = Date.now() + seconds * 1000;
    return waitFor(`${seconds} seconds to pass`, seconds * 1000 + 5000, async () => Date.now() >= until);
  };
  const done = <T extends { readonly [field: string]: unknown }>(get: () => Promise<T>): Promise<T> =>
    waitFor('a recording to be done', 90_000, async () => {
      const recording = await get();
      if (recording.status === 'failed') throw new Error(`It failed: ${String(recording.failureReason)}`);
      return recording.status === 'done' ? recording : null;
    });
  /** Fetches a file and lets programs that are not ours judge it: what is in it, and that all of it can be decoded. */
  const fetched = async (url: unknown, name: string): Promise<{ path: string; codecs: string[] }> => {
    const path = joinPath(service.folder, name);
    await writeFile(path, Buffer.from(await (await fetch(String(url))).arrayBuffer()));
    execFileSync('ffmpeg', ['-v', 'error', '-xerror', '-i', path, '-f', 'null', '-']);
    const words = ['-v', 'error', '-of', 'csv=p=0', '-show_entries', 'stream=codec_name', path];
    return { path, codecs: execFileSync('ffprobe', words, { encoding: 'utf8' }).trim().split('\n') };
  };
  /** A picture's memory is the decoder's: it is looked at while it is shown, and the last look counts. */
  const lastLook = async <T>(path: string, look: (picture: Picture) => T): Promise<T> => {
    let last: { readonly seen: T } | undefined;
    await decodeFile(path, (picture) => {
      last = { seen: look(picture) };
    });
    return last?.seen ?? expect.fail('There is no picture.');
  };

  it('gives the file that every option of a start asks for', async () => {
    const { roomId } = await sdk.rooms.create();
    const ada = await join(roomId, 'Ada', { index: ADA });
    const bob = await join(roomId, 'Bob', { index: BOB, codec: 'h264' });
    await ada.pin('bob');
    const ids: string[] = [];
    for (const { asked } of Object.values(CASES)) {
      const handle = await sdk.recordings.start(roomId, asked);
      ids.push((await sdk.recordings.list({ roomId })).data[0]?.id ?? '');
      await passed(RECORDED_S);
      expect(await sdk.recordings.stop(handle)).toBe('Recording ended successfully');
    }
    for (const [i, [name, { size, codecs, tiles, theme, asked }]] of Object.entries(CASES).entries()) {
      const { file, ...recording } = await done(() => sdk.recordings.get(ids[i] ?? ''));
      const meta = file?.meta as { resolution: unknown; format: string };
      expect(meta.resolution, name).toEqual(size);
      expect(meta.format, name).toBe(asked.fileFormat === 'webm' ? 'matroska,webm' : 'mov,mp4,m4a,3gp,3g2,mj2');
      expect(recording.fileFormat, name).toBe(asked.fileFormat ?? 'mp4');
      const held = await fetched(file?.fileUrl, `${i}.${asked.fileFormat ?? 'mp4'}`);
      expect(held.codecs, name).toEqual(codecs);
      const seen = await lastLook(held.path, (picture) => ({
        size: { width: picture.width, height: picture.height },
        people: tiles(size).map(([, rect]) => readTile(picture, rect).identity),
        ground: colourAt(picture, 0, 0),
      }));
      expect(seen.size, name).toEqual(size);
      expect(seen.people, name).toEqual(tiles(size).map(([index]) => index));
      if (name.startsWith('spotlight')) continue;
      const off = farthest(seen.ground as [number, number, number], THEMES[theme]);
      expect(off, `${name}: ${seen.ground.map(Math.round)}`).toBeLessThan(COLOUR_OFF);
    }
    await Promise.all([ada.leave(), bob.leave()]);
  });

  it('gives the file that every option about people apart asks for', async () => {
    const { roomId } = await sdk.rooms.create();
    const ada = await join(roomId, 'Ada', { index: ADA });
    const bob = await join(roomId, 'Bob', { index: BOB, codec: 'h264' });
    const { participant, track, composite } = sdk.recordings;
    const metadata = { seat: 7, tags: ['a'] };
    await participant.start(roomId, { participantId: 'ada', fileFormat: 'webm', metadata });
    await participant.start(roomId, { participantId: 'bob', fileFormat: 'mp4' });
    await track.start(roomId, { participantId: 'ada', kind: 'audio', fileFormat: 'mp3' });
    await track.start(roomId, { participantId: 'ada', kind: 'video', fileFormat: 'webm' });
    await track.start(roomId, { participantId: 'bob', kind: 'audio', fileFormat: 'mp4' });
    await track.start(roomId, { participantId: 'bob', kind: 'video', fileFormat: 'mp4' });
    const chosen = await composite.start(roomId, {
      participants: [{ participantId: 'bob', kind: ['video'] }, { participantId: 'ada' }],
      watermarks: [
        { type: 'custom', imageBase64: `data:image/png;base64,${RED_SQUARE}`, position: 'top-left' },
        { type: 'pubsub', topic: 'ticker', position: 'bottom-right' },
        { type: 'custom', text: 'CONFIDENTIAL', timezone: 'Asia/Kolkata', position: 'bottom-left' },
      ],
      fileFormat: 'webm',
    });
    await passed(RECORDED_S / 2);
    await say(roomId, 'ticker', 'HELLO HELLO');
    await passed(RECORDED_S / 2 + 1);
    for (const who of ['ada', 'bob']) await participant.stop(roomId, who);
    for (const who of ['ada', 'bob'])
      for (const kind of ['audio', 'video'] as const) await track.stop(roomId, who, kind);
    await composite.stop(chosen);
    await Promise.all([ada.leave(), bob.leave()]);

    const first = async <T extends { id: string }>(list: Promise<{ data: T[] }>, which = (_: T) => true) =>
      (await list).data.find(which)?.id ?? '';
    const filesOf = (recording: { readonly files?: readonly { readonly [field: string]: unknown }[] }) => {
      expect(recording.files).toHaveLength(1);
      return recording.files?.[0] ?? {};
    };
    for (const [who, ending, codecs] of [
      ['ada', 'webm', ['vp8', 'opus']],
      ['bob', 'mp4', ['h264', 'opus']],
    ] as const) {
      const id = await first(participant.list({ roomId, participantId: who }));
      const recording = await done(() => participant.get(id));
      expect(recording.metadata).toEqual(who === 'ada' ? metadata : undefined);
      expect((await fetched(filesOf(recording).fileUrl, `${who}.${ending}`)).codecs).toEqual(codecs);
    }
    for (const [who, kind, ending, codecs] of [
      ['ada', 'audio', 'mp3', ['mp3']],
      ['ada', 'video', 'webm', ['vp8']],
      ['bob', 'audio', 'mp4', ['opus']],
      ['bob', 'video', 'mp4', ['h264']],
    ] as const) {
      const id = await first(track.list({ roomId, participantId: who }), (one) => one.kind === kind);
      const recording = await done(() => track.get(id));
      expect(recording).toMatchObject({ kind, fileFormat: ending });
      const { filePath, fileUrl } = filesOf(recording);
      expect(String(filePath).endsWith(`.${ending}`)).toBe(true);
      expect((await fetched(fileUrl, `${who}-${kind}.${ending}`)).codecs).toEqual(codecs);
    }
    const { file } = await done(() => composite.get(chosen.id ?? ''));
    const held = await fetched(file?.fileUrl, 'composite.webm');
    expect(held.codecs).toEqual(['vp9', 'opus']);
    const seen = await lastLook(held.path, (picture) => ({
      people: gridRects(2, picture).map((rect) => readTile(picture, rect).identity),
      // The image stands in the corner, 86 pixels high, with a margin of 22.
      image: colourAt(picture, 50, 50),
      ticker: brightest(picture, { x: 1100, y: 660, width: 150, height: 36 }),
    }));
    // In the order in which they came.
    expect(seen.people).toEqual([ADA, BOB]);
    // What was said stands in its corner, in white: before it there was nothing.
    expect(seen.ticker).toBeGreaterThan(180);
    expect(farthest(seen.image as [number, number, number], [255, 0, 0])).toBeLessThan(24);
  });
});

/** 8x8, red. */
const RED_SQUARE =
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQkAKP8/wc53yE8AAAAASUVORK5CYII=';
