/** What is promised of a queue of wake-ups, on each store that it may be in: also while the store is away, and after a client was killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WakeUp, WakeUpQueue } from '../../../src/jobs/wake-up.ts';
import { Scope } from '../../../src/support/scope.ts';
import { STORES, type Store } from './queues.ts';

const ADD_AND_WAIT = fileURLToPath(new URL('./add-and-wait.ts', import.meta.url));
const LIMIT = { timeout: 20_000, interval: 10 };

const now = (kind: string, id: string | null = null): WakeUp => ({ kind, id, at: null });

/** Until the queue takes it. */
const added = (queue: WakeUpQueue, wakeUp: WakeUp): Promise<void> =>
  expect
    .poll(
      () =>
        queue.add(wakeUp).then(
          () => 'added',
          () => 'refused',
        ),
      LIMIT,
    )
    .toBe('added');

for (const kind of STORES) {
  describe.skipIf(kind.missing !== null)(`a queue of wake-ups in ${kind.name}`, () => {
    let store: Store;
    let scope: Scope;
    /** In the order in which they came, with who got them. */
    let came: { wakeUp: WakeUp; at: number; by: string }[];
    const ids = () => came.map(({ wakeUp }) => wakeUp.id);
    const open = (by = 'one'): WakeUpQueue => {
      const queue = scope.own(by, store.queue(), (it) => it.close());
      queue.open((wakeUp) => came.push({ wakeUp, at: Date.now(), by }));
      return queue;
    };

    beforeAll(async () => {
      store = await kind.open();
    });
    afterAll(() => store.close());
    beforeEach(() => {
      scope = new Scope();
      came = [];
    });
    afterEach(() => scope.close());

    it('delivers what is due now, with its kind and its id', async () => {
      const queue = open();
      await added(queue, now('tidy-up'));
      await queue.add(now('deliver', 'd-1'));
      await expect.poll(() => came.map(({ wakeUp }) => wakeUp), LIMIT).toEqual([now('tidy-up'), now('deliver', 'd-1')]);
      expect(await queue.waiting()).toBe(0);
    });

    it('delivers what is due later then, once, however often it was asked for', async () => {
      const queue = open();
      const at = new Date(Date.now() + 1_500);
      await added(queue, { kind: 'deliver', id: 'late', at });
      await queue.add({ kind: 'deliver', id: 'late', at });
      await queue.add({ kind: 'deliver', id: 'other', at });
      await queue.add(now('deliver', 'soon'));
      await expect.poll(() => ids().length, LIMIT).toBe(3);
      expect(ids()[0]).toBe('soon');
      expect(new Set(ids())).toEqual(new Set(['soon', 'late', 'other']));
      for (const { wakeUp, at: cameAt } of came) if (wakeUp.at) expect(cameAt).toBeGreaterThanOrEqual(at.getTime());
      await queue.add(now('deliver', 'last'));
      await expect.poll(() => ids().at(-1), LIMIT).toBe('last');
      expect(came).toHaveLength(4);
    });

    it('delivers each to one of several clients', async () => {
      const [one, two] = [open('one'), open('two')];
      await added(one, now('share', 'first'));
      await added(two, now('share', 'second'));
      const more = Array.from({ length: 40 }, (_, i) => `more-${i}`);
      await Promise.all(more.map((id, i) => (i % 2 ? one : two).add(now('share', id))));
      await expect.poll(() => ids().length, LIMIT).toBe(42);
      expect(new Set(ids()).size).toBe(42);
    });

    it('delivers to others what a client had put in that was killed', async () => {
      const child = spawn(process.execPath, [ADD_AND_WAIT, kind.name, store.url], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const gone = once(child, 'exit');
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await gone;
      open();
      await expect.poll(ids, LIMIT).toEqual(['a']);
    });

    it('refuses while the store is away, and comes back with it', async () => {
      const queue = open();
      await added(queue, now('before', 'before'));
      const later = { kind: 'kept', id: 'kept', at: new Date(Date.now() + 3_000) };
      await queue.add(later);
      await expect.poll(ids, LIMIT).toEqual(['before']);
      await store.stop();
      await expect(queue.add(now('lost', 'lost'))).rejects.toThrow();
      await expect(queue.waiting()).rejects.toThrow();
      await store.start();
      await added(queue, now('after', 'after'));
      await expect.poll(() => new Set(ids()), LIMIT).toEqual(new Set(['before', 'after', 'kept']));
    });

    it('that is opened while the store is away opens when it is there', async () => {
      await store.stop();
      const queue = open();
      await expect(queue.add(now('early'))).rejects.toThrow('not been reached');
      await store.start();
      await added(queue, now('early', 'e'));
      await expect.poll(ids, LIMIT).toContain('e');
    });

    it('closes while the store is away, more than once, and delivers no more', async () => {
      const queue = open();
      await added(queue, now('before', 'before'));
      await expect.poll(ids, LIMIT).toEqual(['before']);
      const never = store.queue();
      await store.stop();
      never.open(() => undefined);
      await Promise.all([queue.close(), queue.close(), never.close()]);
      await store.start();
      const another = open('another');
      await added(another, now('after', 'after'));
      await expect.poll(() => came.at(-1)?.by, LIMIT).toBe('another');
      expect(ids().filter((id) => id === 'after')).toHaveLength(1);
    });
  });
}
