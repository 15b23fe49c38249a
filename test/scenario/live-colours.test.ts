import { afterAll, beforeAll, describe, it } from 'vitest';
import { identityRgb, type Rgb } from '../../src/synthetic/identity.ts';
import { BASE, PICTURE } from '../../src/synthetic/picture-geometry.ts';
import { BrowserGuest } from '../support/browser.ts';
import { farthest } from '../support/oracle/colours.ts';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';
import { waitFor } from '../support/wait-for.ts';

/** Two lossy steps, and the page's own conversion; with the matrix of another recommendation it is over twenty. */
const COLOUR_LIMIT = 8;

/** The middle of the identity strip, as parts of the picture. */
const STRIP = {
  across: (PICTURE.identity.x + PICTURE.identity.width / 2) / BASE.width,
  down: (PICTURE.identity.y + PICTURE.identity.height / 2) / BASE.height,
};

/** The strip's colour in every tile of somebody else, as the page shows it; tiles without a picture are left out. */
const colourOfOthers = (guest: BrowserGuest): Promise<Rgb[]> =>
  guest.page.$$eval(
    '[data-testid="tile"]',
    (tiles, { across, down }) =>
      tiles.flatMap((tile): Rgb[] => {
        const video = tile.querySelector('video');
        if (!video || video.videoWidth === 0 || tile.textContent?.includes('(you)')) return [];
        const canvas = tile.ownerDocument.createElement('canvas');
        canvas.width = video.videoWidth;
        canvas.height = video.videoHeight;
        const context = canvas.getContext('2d');
        context?.drawImage(video, 0, 0);
        const at = [Math.round(canvas.width * across), Math.round(canvas.height * down)] as const;
        const [r = 0, g = 0, b = 0] = context?.getImageData(...at, 1, 1).data ?? [];
        return [[r, g, b]];
      }),
    STRIP,
  );

describe('people who watch each other', () => {
  let service: Service;
  const guests: BrowserGuest[] = [];
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(async () => {
    await Promise.all(guests.map((guest) => guest.close()));
    await service.close();
  });

  it('see the colours that are sent', async () => {
    const { roomId } = await Sitting.open(service, 2);
    for (const index of [0, 1]) {
      // VP8 itself tells nothing of colours: they come by the header extension or not at all.
      const options = {
        kind: 'chromium',
        roomId,
        name: `guest ${index}`,
        index,
        of: 2,
        fps: 15,
        codec: 'vp8',
      } as const;
      guests.push(await BrowserGuest.join(service, options));
    }
    for (const [index, guest] of guests.entries()) {
      const sent = identityRgb(1 - index);
      // The first pictures are coded with few bits, until the sender knows what the way bears: colours settle after them.
      let seen: Rgb | undefined;
      await waitFor(`${sent} to be seen`, 15_000, async () => {
        seen = (await colourOfOthers(guest))[0];
        return seen !== undefined && farthest(seen, sent) < COLOUR_LIMIT;
      }).catch((error: unknown) => {
        throw new Error(`${seen} was seen instead of ${sent}.`, { cause: error });
      });
    }
  });
});
