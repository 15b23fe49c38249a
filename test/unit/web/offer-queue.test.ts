import { describe, expect, it } from 'vitest';
import { OfferQueue } from '../../../web/client/offer-queue.ts';

/** A negotiation that is ended by hand. */
const manual = () => {
  const begun: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const failures: unknown[] = [];
  const queue = new OfferQueue(
    () => new Promise<void>((resolve, reject) => begun.push({ resolve, reject })),
    (error) => failures.push(error),
  );
  return { queue, begun, failures };
};
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe('OfferQueue', () => {
  it('never runs two negotiations at once', async () => {
    const { queue, begun } = manual();
    queue.request();
    queue.request();
    await settled();
    expect(begun).toHaveLength(1);
  });

  it('serves all wishes that came meanwhile with one more negotiation', async () => {
    const { queue, begun } = manual();
    queue.request();
    for (let wish = 0; wish < 5; wish += 1) queue.request();
    begun[0]?.resolve();
    await settled();
    expect(begun).toHaveLength(2);
    begun[1]?.resolve();
    await settled();
    expect(begun).toHaveLength(2);
  });

  it('begins again after it was idle', async () => {
    const { queue, begun } = manual();
    queue.request();
    begun[0]?.resolve();
    await settled();
    queue.request();
    expect(begun).toHaveLength(2);
  });

  it('reports a failure and does not repeat it by itself', async () => {
    const { queue, begun, failures } = manual();
    const error = new Error('refused');
    queue.request();
    begun[0]?.reject(error);
    await settled();
    expect(failures).toEqual([error]);
    expect(begun).toHaveLength(1);
  });

  it('goes on after a failure where it was asked again meanwhile', async () => {
    const { queue, begun, failures } = manual();
    queue.request();
    queue.request();
    begun[0]?.reject(new Error('refused'));
    await settled();
    expect(failures).toHaveLength(1);
    expect(begun).toHaveLength(2);
  });
});
