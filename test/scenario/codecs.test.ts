import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gridRects } from '../../src/domain/grid.ts';
import type { Rect } from '../../src/domain/layout.ts';
import { CHROMIUM_TEST_DEVICES, openBrowser } from '../support/browser.ts';
import { decodeFile, type Picture } from '../support/oracle/media-file.ts';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';
import { waitFor } from '../support/wait-for.ts';

const CODECS = ['vp8', 'h264', 'vp9', 'av1'] as const;
const LAYERS = ['h', 'l', 'm'];

/** A browser's camera in every codec that browsers send, in three simulcast layers, one after the other in one recording. */
describe('the codecs of browsers', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.close());

  it('are received in three layers, and seen in the file', async () => {
    const sitting = await Sitting.open(service, 1);
    const ada = await sitting.join({ via: 'whip' });
    await sitting.startRecording();
    const browser = await openBrowser('chromium', 440, CHROMIUM_TEST_DEVICES);
    const seenAt = new Map<string, number>();
    try {
      for (const codec of CODECS) {
        const page = await browser.newPage();
        const address = new URL(`/room/${sitting.roomId}`, service.url);
        const token = await service.participantToken(sitting.roomId, { participantId: codec, name: codec });
        address.search = new URLSearchParams({ token, autojoin: '1', codec }).toString();
        await page.goto(address.href);
        await waitFor(`three layers of ${codec}`, 20_000, async () => {
          const layers = (await page.evaluate(LAYERS_SENT)) as { rid: string; codec: string; frames: number }[];
          return LAYERS.every((rid) =>
            layers.some((layer) => layer.rid === rid && layer.codec === codec && layer.frames > 10),
          );
        });
        const joined = sitting.elapsed;
        await sitting.until(joined + 1.5);
        seenAt.set(codec, joined + 1);
        await page.click('[data-testid="leave-button"]');
        await page.close();
      }
    } finally {
      await browser.close();
    }
    await sitting.endRecording();
    const { file, journal } = await sitting.finished();
    await ada.leave();

    const streams = journal.streams.filter(({ info }) => info.source === 'camera' && info.rid !== null);
    const received = new Set(streams.map(({ info }) => `${info.participantId} ${info.codec} ${info.rid}`));
    expect(received).toEqual(new Set(CODECS.flatMap((codec) => LAYERS.map((rid) => `${codec} ${codec} ${rid}`))));
    expect(streams.filter(({ missing }) => missing > 0)).toEqual([]);
    const tile = gridRects(2, sitting.canvas)[1];
    if (!tile) throw new Error('A grid of two has two tiles.');
    const green = new Set<string>();
    await decodeFile(file, (picture) => {
      for (const [codec, at] of seenAt)
        if (Math.abs(picture.time - at) < 0.25 && isGreen(picture, tile)) green.add(codec);
    });
    expect([...green]).toEqual(CODECS);
  });
});

/** True where the middle of the tile, and what lies around it, is of the green of Chromium's camera: both its greens have little of the other colours. */
const isGreen = ({ planes: [, u, v], lines: [, uLine = 0, vLine = 0] }: Picture, tile: Rect): boolean =>
  [0.3, 0.5, 0.7].every((part) => {
    const column = (tile.x + tile.width * part) >> 1;
    const row = (tile.y + tile.height * part) >> 1;
    return (u?.[row * uLine + column] ?? 128) < 100 && (v?.[row * vLine + column] ?? 128) < 100;
  });

const LAYERS_SENT = `(async () => {
  const { publish } = (await window.roomtapeRoom?.stats()) ?? {};
  return [...(publish?.values() ?? [])]
    .filter(({ type, kind }) => type === 'outbound-rtp' && kind === 'video')
    .map(({ rid, codecId, framesSent }) => ({
      rid,
      codec: publish.get(codecId)?.mimeType.replace('video/', '').toLowerCase(),
      frames: framesSent ?? 0,
    }));
})()`;
