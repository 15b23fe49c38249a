import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { diskFloors } from '../../../src/domain/disk-floors.ts';
import { DiskRoom, diskStateOf } from '../../../src/processes/disk-room.ts';
import { createLogger } from '../../../src/support/log.ts';

it('leaves each floor room for the one below', () => {
  const floors = diskFloors(800);
  expect(floors).toEqual({ toStart: 800, toRecord: 400, toCompose: 100 });
  const states = [801, 800, 799, 400, 399, 100, 99, 0].map((free) => diskStateOf(free, floors));
  expect(states).toEqual(['ample', 'ample', 'low', 'low', 'scarce', 'scarce', 'none', 'none']);
});

it('has no floors where none are wanted: then only a full disk ends anything', () => {
  expect(diskStateOf(0, diskFloors(0))).toBe('ample');
});

it('sees a real disk, and what is asked of it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roomtape-room-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const room = new DiskRoom({
    paths: [folder],
    minFreeBytes: 2 ** 62,
    onRoomAgain: () => undefined,
    log: createLogger('test', 'silent'),
  });
  onTestFinished(() => room.close());
  await expect.poll(() => room.state, { timeout: 5_000 }).toBe('none');
});
