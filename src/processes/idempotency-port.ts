/** Idempotency keys as the API needs them, in the database. */
import type { IdempotencyPort } from '../api/ports.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { answerKey, claimKey, forgetKey, releaseKey } from '../catalog/idempotency.ts';
import { newHexId } from '../support/new-id.ts';

/** Promised in the API's documentation. */
export const KEYS_KEPT_MS = 24 * 3_600_000;
/**
 * A request that is served longer than this is taken for one whose server died. Should it be alive all the same, both make what they make
 * under one id, so that it is made once.
 */
const LEASE_MS = 15_000;

export const idempotencyPort = (catalog: Catalog, now: () => Date = () => new Date()): IdempotencyPort => {
  const at = (offsetMs: number): Date => new Date(now().getTime() + offsetMs);
  return {
    claim: (claim) =>
      claimKey(catalog, {
        ...claim,
        objectId: newHexId(),
        now: now(),
        leaseUntil: at(LEASE_MS),
        forgottenBefore: at(-KEYS_KEPT_MS),
      }),
    answer: (of, answer) => answerKey(catalog, of, answer),
    forget: (of) => forgetKey(catalog, of),
    release: (of) => releaseKey(catalog, of, now()),
  };
};
