/**
 * The keys behind the signatures: an RSA pair and a shared secret, made at first start, kept in the database, changed by the operator.
 *
 * A new key is announced before it is used. Until `activeFrom` RSA signatures are made with the old pair while the new public key is
 * published beside it; the shared secrets both sign all that time. From then on the old ones are not used any more.
 */
import { createPrivateKey, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Catalog, SigningKeyRow } from '../catalog/catalog.ts';
import { addSigningKey, ensureSigningKey, type NewSigningKey, signingKeys } from '../catalog/signing-keys.ts';
import { newHexId } from '../support/new-id.ts';
import type { KeysInForce } from './signatures.ts';

const makePair = promisify(generateKeyPair);
/** What receivers' libraries take without a question; a signature takes a millisecond. */
const RSA_BITS = 2048;
/** Within the 24 to 64 bytes that the Standard Webhooks specification asks for. */
const SECRET_BYTES = 32;
/** Another server, or the command, may have changed the keys. */
const READ_AGAIN_MS = 10_000;
/** What was signed with a key that has ended can be verified for so long: its public half stays published. */
export const KEPT_AFTER_MS = 7 * 24 * 3_600_000;

export interface PublishedKey {
  readonly id: string;
  /** PKCS#1 PEM. */
  readonly publicKey: string;
  readonly from: Date;
  /** Null: no other is to follow it yet. */
  readonly until: Date | null;
}

export interface OperatorsKey extends PublishedKey {
  readonly secret: string;
}

const makeKey = async (activeFrom: Date): Promise<NewSigningKey> => {
  const { privateKey, publicKey } = await makePair('rsa', {
    modulusLength: RSA_BITS,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
  return { id: newHexId(), privateKey, publicKey, secret, activeFrom };
};

/** Index of the one that signs: the last whose time has come; the first, where the clock has been set back. */
const currentIndex = (keys: readonly SigningKeyRow[], now: Date): number =>
  Math.max(
    0,
    keys.findLastIndex((key) => key.active_from <= now),
  );

export class SigningKeys {
  readonly #catalog: Catalog;
  readonly #now: () => Date;
  #read: { readonly at: number; readonly keys: Promise<SigningKeyRow[]> } | undefined;
  #inForce: { readonly of: string; readonly keys: KeysInForce } | undefined;

  constructor(catalog: Catalog, now: () => Date = () => new Date()) {
    this.#catalog = catalog;
    this.#now = now;
  }

  /** Makes the first key where there is none. True: it was made now. */
  async ensure(): Promise<boolean> {
    const made = await ensureSigningKey(this.#catalog, () => makeKey(this.#now()));
    this.#read = undefined;
    return made;
  }

  async inForce(): Promise<KeysInForce> {
    const keys = await this.#keys();
    const index = currentIndex(keys, this.#now());
    const signing = keys[index];
    if (!signing) throw new Error('There is no key to sign webhooks with.');
    const used = keys.slice(index);
    const of = used.map(({ id }) => id).join();
    // Parsing a private key takes longer than signing with it.
    if (this.#inForce?.of !== of) {
      const secrets = used.map(({ secret }) => secret);
      this.#inForce = { of, keys: { privateKey: createPrivateKey(signing.private_key), secrets } };
    }
    return this.#inForce.keys;
  }

  /** The public halves: the one that signs now; all that sign now, will, or did a short while ago, in order. */
  async published(): Promise<{ current: PublishedKey; all: readonly PublishedKey[] }> {
    const { current, all } = await this.forOperator();
    return { current, all };
  }

  /** With the secrets. */
  async forOperator(): Promise<{ current: OperatorsKey; all: readonly OperatorsKey[] }> {
    const now = this.#now();
    const rows = await this.#keys();
    const described = rows.map(
      ({ id, public_key: publicKey, secret, active_from: from }, i): OperatorsKey => ({
        id,
        publicKey,
        secret,
        from,
        until: rows[i + 1]?.active_from ?? null,
      }),
    );
    const current = described[currentIndex(rows, now)];
    if (!current) throw new Error('There is no key to sign webhooks with.');
    const oldest = now.getTime() - KEPT_AFTER_MS;
    return { current, all: described.filter(({ until }) => until === null || until.getTime() >= oldest) };
  }

  /**
   * Makes a key that takes over after `afterMs`. With 0 the former ones are taken to be in wrong hands: they are dropped, and nothing that
   * they signed can be verified any more.
   */
  async rotate(afterMs: number): Promise<void> {
    const now = this.#now();
    const key = await makeKey(new Date(now.getTime() + afterMs));
    const dropEndedBefore = new Date(afterMs === 0 ? now.getTime() + 1 : now.getTime() - KEPT_AFTER_MS);
    await addSigningKey(this.#catalog, key, dropEndedBefore);
    this.#read = undefined;
  }

  #keys(): Promise<SigningKeyRow[]> {
    const at = performance.now();
    if (!this.#read || at - this.#read.at > READ_AGAIN_MS) {
      const read = { at, keys: signingKeys(this.#catalog) };
      this.#read = read;
      read.keys.catch(() => {
        if (this.#read === read) this.#read = undefined;
      });
    }
    return this.#read.keys;
  }
}
