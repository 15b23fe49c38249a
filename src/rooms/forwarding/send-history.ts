/**
 * What was sent lately, for retransmission: by forwarded sequence number, the source's packet (shared by all subscribers, not copied) and
 * how its numbers were shifted. Below 1024 packets, since SRTP refuses to send what lies behind its replay window again.
 */
import type { Codec } from '../../domain/media.ts';
import type { Shift } from './rtp-rewriter.ts';

export interface SentPacket {
  sequence: number;
  packet: Buffer;
  payloadOffset: number;
  payloadEnd: number;
  /** Where the colour space that came with it stands in `packet`, and its length; 0 where none did. */
  colourSpaceAt: number;
  colourSpaceBytes: number;
  codec: Codec;
  payloadType: number;
  shift: Shift;
  /** When it was sent again last, 0 if never. */
  repeatedNs: number;
}

export class SendHistory {
  readonly #slots: (SentPacket | undefined)[];

  /** `size`: a power of two below 1024. */
  constructor(size: number) {
    this.#slots = new Array<SentPacket | undefined>(size);
  }

  add(sent: SentPacket): void {
    this.#slots[sent.sequence % this.#slots.length] = sent;
  }

  /** By 16-bit sequence number, or undefined where it is too old or never was. */
  find(sequence: number): SentPacket | undefined {
    // The size divides 65536, so the low 16 bits choose the same slot.
    const sent = this.#slots[sequence % this.#slots.length];
    return sent && (sent.sequence & 0xffff) === sequence ? sent : undefined;
  }
}
