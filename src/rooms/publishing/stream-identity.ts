/**
 * Which m-line, codec and simulcast layer does a packet of an unknown SSRC belong to? By MID and RID extensions (RFC 8843 §9.2, 8852), then by
 * declared SSRC, last by a payload type that only one sending m-line has. Rebuilt at every negotiation.
 */
import type { RtpView } from '../rtp/rtp-packet.ts';
import type { OfferedCodec } from '../sdp/codecs.ts';
import { EXTENSION } from '../sdp/header-extensions.ts';
import type { PublishLine } from './publish-line.ts';

interface PayloadUse {
  readonly line: PublishLine;
  readonly codec: OfferedCodec;
}

export interface Identity extends PayloadUse {
  readonly rid: string | null;
}

/** What a retransmission repairs, as far as it says. */
export interface RepairIdentity extends PayloadUse {
  /** SSRC by declaration, or null. */
  readonly ssrc: number | null;
  readonly rid: string | null;
}

export class StreamIdentity {
  readonly #media = new Map<number, PayloadUse[]>();
  readonly #repair = new Map<number, PayloadUse[]>();
  readonly #lineBySsrc = new Map<number, PublishLine>();
  readonly #repairedSsrc = new Map<number, number>();
  readonly #midId: number;
  readonly #ridId: number;
  readonly #repairedRidId: number;
  /** Id of the transport-wide sequence number, 0 where it is not negotiated. */
  readonly transportSequenceId: number;

  constructor(lines: Iterable<PublishLine>) {
    const ids: Record<string, number> = {};
    for (const line of lines) {
      if (!line.sending) continue;
      // Within a bundle an extension has the same id everywhere (RFC 8843 §7.1.3).
      Object.assign(ids, line.extensions);
      for (const codec of line.offered.codecs) {
        append(this.#media, codec.payloadType, { line, codec });
        if (codec.rtxPayloadType !== null) append(this.#repair, codec.rtxPayloadType, { line, codec });
      }
      for (const ssrc of line.offered.ssrcs) this.#lineBySsrc.set(ssrc, line);
      for (const [rtx, ssrc] of line.offered.repairs) {
        this.#repairedSsrc.set(rtx, ssrc);
        this.#lineBySsrc.set(rtx, line);
      }
    }
    this.#midId = ids[EXTENSION.mid] ?? 0;
    this.#ridId = ids[EXTENSION.rid] ?? 0;
    this.#repairedRidId = ids[EXTENSION.repairedRid] ?? 0;
    this.transportSequenceId = ids[EXTENSION.transportSequence] ?? 0;
  }

  isRepair(payloadType: number): boolean {
    return this.#repair.has(payloadType);
  }

  /** Null: it cannot be told (yet). */
  media(packet: Buffer, view: RtpView): Identity | null {
    const use = this.#choose(this.#media.get(view.payloadType), packet, view);
    if (!use) return null;
    const rid = view.extensionText(packet, this.#ridId);
    const { sendRids } = use.line.offered;
    // A simulcast layer that does not say which it is yet: its first packets do.
    if (sendRids.length > 0 && (rid === null || !sendRids.includes(rid))) return null;
    return { ...use, rid: sendRids.length > 0 ? rid : null };
  }

  repair(packet: Buffer, view: RtpView): RepairIdentity | null {
    const use = this.#choose(this.#repair.get(view.payloadType), packet, view);
    if (!use) return null;
    const rid = view.extensionText(packet, this.#repairedRidId) ?? view.extensionText(packet, this.#ridId);
    return { ...use, ssrc: this.#repairedSsrc.get(view.ssrc) ?? null, rid };
  }

  /** The original codec of a retransmission's payload type on this m-line. */
  repairedCodec(payloadType: number, mid: string): OfferedCodec | null {
    return this.#repair.get(payloadType)?.find((use) => use.line.mid === mid)?.codec ?? null;
  }

  #choose(uses: readonly PayloadUse[] | undefined, packet: Buffer, view: RtpView): PayloadUse | null {
    if (!uses) return null;
    const mid = view.extensionText(packet, this.#midId);
    if (mid !== null) return uses.find((use) => use.line.mid === mid) ?? null;
    const declared = this.#lineBySsrc.get(view.ssrc);
    if (declared) return uses.find((use) => use.line === declared) ?? null;
    return uses.length === 1 ? (uses[0] ?? null) : null;
  }
}

const append = (map: Map<number, PayloadUse[]>, key: number, use: PayloadUse): void => {
  const list = map.get(key);
  if (list) list.push(use);
  else map.set(key, [use]);
};
