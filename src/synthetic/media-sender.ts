/**
 * Sends one pre-encoded track as RTP in real time: numbers, timestamps, header extensions, a sender report at the start and each
 * second, retransmission on request. Nothing drifts: what is due follows from the monotonic clock alone, however late the timer is.
 *
 * Sending begins at a keyframe (or, to test the receiver, in between), and goes on with the first frame after the last.
 */
import type { EncodedFrame, EncodedTrack } from './encoded-track.ts';
import { packetizerFor } from './packetize/packetizer.ts';
import { type Feedback, writeSenderReport } from './rtcp-messages.ts';
import { absSendTime, EXTENSION, type HeaderExtension, writeRtp } from './rtp-writer.ts';

const NS_PER_S = 1_000_000_000n;
const NS_PER_MS = 1_000_000;
/** Below 1024: an SRTP receiver's replay window may refuse older numbers. */
const HISTORY = 1000;
/** Packets of one frame leave this far apart, so that a keyframe does not overrun a socket buffer; a frame never takes longer than this. */
const PACKET_SPACING_NS = 200_000;
const LONGEST_BURST_NS = 20 * NS_PER_MS;
/** A full-band Opus packet that says silence: what a muted microphone sends. */
const OPUS_SILENCE = Buffer.from([0xf8, 0xff, 0xfe]);
/** An Opus packet of up to two bytes stands for "nothing changed" (RFC 6716 §3.1, DTX): it is not sent. */
const OPUS_DTX_BYTES = 2;

/** One clock for everything that a participant sends. */
export interface MediaClock {
  /** Monotonic time (`process.hrtime.bigint()`) of media time zero. */
  readonly epochNs: bigint;
  /** Sender's wall clock at that moment, ms since 1970. */
  readonly epochWallMs: number;
}

/** Numbers and identifiers of the stream, as negotiated. */
export interface StreamParameters {
  readonly ssrc: number;
  readonly payloadType: number;
  /** Retransmission stream (RFC 4588), or null: packets are sent again as they were. */
  readonly rtx: { readonly ssrc: number; readonly payloadType: number } | null;
  readonly mid: string;
  readonly rid: string | null;
  readonly cname: string;
  readonly firstSequence: number;
  readonly firstTimestamp: number;
  /** Ids of the extensions that the receiver accepted. */
  readonly extensions: ReadonlySet<number>;
}

export interface SenderHooks {
  /** Takes a packet; false or an exception of the transport is the transport's matter. */
  readonly send: (packet: Buffer) => void;
  /** Next number of the transport-wide sequence. */
  readonly nextTransportSequence: () => number;
  /** Called when the first packet of a frame goes out. `round` counts how often the track began anew. */
  readonly onFrame?: (frame: EncodedFrame, round: number, atNs: bigint) => void;
}

/** A payload that waits for its turn; the packet is written when it goes, so that send times and transport numbers are true. */
interface Pending {
  readonly dueNs: bigint;
  readonly payload: Buffer;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly frame: EncodedFrame;
}

export class MediaSender {
  #track: EncodedTrack;
  #replacement: EncodedTrack | undefined;
  readonly #clock: MediaClock;
  readonly #stream: StreamParameters;
  readonly #hooks: SenderHooks;
  #packetize;
  readonly #history = new Map<number, Buffer>();
  #queue: Pending[] = [];
  #next: number;
  #round: number;
  #sequence: number;
  #rtxSequence = 0;
  #packets = 0;
  #bytes = 0;
  #nextReportNs = 0n;
  #reported = false;
  #muted = false;
  #awaitsKeyframe = false;
  #retransmitted = 0;
  #keyframesAsked = 0;

  /** `startNs` is the monotonic time from which frames are sent; `from` whether the first one must be a keyframe. */
  constructor(
    track: EncodedTrack,
    clock: MediaClock,
    stream: StreamParameters,
    hooks: SenderHooks,
    startNs: bigint,
    from: 'keyframe' | 'between-keyframes',
  ) {
    this.#track = track;
    this.#clock = clock;
    this.#stream = stream;
    this.#hooks = hooks;
    this.#packetize = packetizerFor(track);
    this.#sequence = stream.firstSequence;
    const elapsed = Number(startNs - clock.epochNs) * (track.clockRate / Number(NS_PER_S));
    this.#round = Math.max(0, Math.floor(elapsed / track.duration));
    const within = Math.max(0, elapsed) % track.duration;
    const wanted = (frame: EncodedFrame, index: number) =>
      frame.time >= within && (from === 'keyframe' ? frame.keyframe : index > 0 && !frame.keyframe);
    const found = track.frames.findIndex(wanted);
    this.#next = Math.max(found, 0);
    if (found < 0) this.#round += 1;
  }

  get statistics(): { packets: number; retransmitted: number; keyframesAsked: number } {
    return { packets: this.#packets, retransmitted: this.#retransmitted, keyframesAsked: this.#keyframesAsked };
  }

  /** Muted sound is sent as silence, a muted picture not at all, as browsers do; it comes back with a keyframe. */
  set muted(muted: boolean) {
    this.#awaitsKeyframe ||= this.#muted && !muted;
    this.#muted = muted;
  }

  /**
   * Goes on with another encoding of the same picture from its next keyframe on, in the same stream: what a sender does that
   * changes its resolution. Throws unless the two have their frames at the same times.
   */
  replaceTrack(track: EncodedTrack): void {
    if (track.codec !== this.#track.codec || track.frames.length !== this.#track.frames.length) {
      throw new Error('A track can only be replaced by one of the same codec, rate and length.');
    }
    this.#replacement = track;
  }

  /** Sends what is due at `nowNs`; answers when to come again. */
  advance(nowNs: bigint): bigint {
    for (let due = this.#frameDue(); due <= nowNs; due = this.#frameDue()) this.#emitFrame(due, nowNs);
    let sent = 0;
    for (; (this.#queue[sent]?.dueNs ?? nowNs + 1n) <= nowNs; sent++) {
      const pending = this.#queue[sent];
      if (pending) this.#hooks.send(this.#write(pending));
    }
    if (sent > 0) this.#queue = this.#queue.slice(sent);
    if (this.#reported && nowNs >= this.#nextReportNs) this.#report(nowNs);
    const frame = this.#frameDue();
    const packet = this.#queue[0]?.dueNs;
    if (packet === undefined || packet > frame) return frame;
    return packet;
  }

  /** Answers what the receiver asks of this stream. */
  feedback(feedback: Feedback): void {
    if (feedback.ssrc !== this.#stream.ssrc) return;
    if (feedback.type === 'keyframe') {
      this.#keyframesAsked += 1;
      return;
    }
    for (const sequence of feedback.sequences) {
      const packet = this.#history.get(sequence);
      if (packet) this.#retransmit(packet);
    }
  }

  #frameDue(): bigint {
    const frame = this.#track.frames[this.#next];
    const time = (frame?.time ?? 0) + this.#round * this.#track.duration;
    return this.#clock.epochNs + (BigInt(time) * NS_PER_S) / BigInt(this.#track.clockRate);
  }

  #emitFrame(dueNs: bigint, nowNs: bigint): void {
    if (this.#replacement?.frames[this.#next]?.keyframe) {
      this.#track = this.#replacement;
      this.#packetize = packetizerFor(this.#track);
      this.#replacement = undefined;
    }
    const frame = this.#track.frames[this.#next];
    if (!frame) throw new Error('The track has no frames.');
    const round = this.#round;
    this.#next += 1;
    if (this.#next === this.#track.frames.length) {
      this.#next = 0;
      this.#round += 1;
    }
    const isSound = this.#track.codec === 'opus';
    if (isSound ? frame.data.length <= OPUS_DTX_BYTES : this.#muted) return;
    this.#awaitsKeyframe &&= !frame.keyframe;
    if (this.#awaitsKeyframe) return;
    if (!this.#reported) this.#report(nowNs);
    const data = isSound && this.#muted ? OPUS_SILENCE : frame.data;
    const payloads = this.#packetize(data, frame.keyframe);
    const timestamp = this.#stream.firstTimestamp + frame.time + round * this.#track.duration;
    const spacing = Math.min(PACKET_SPACING_NS, LONGEST_BURST_NS / payloads.length);
    payloads.forEach((payload, index) => {
      const marker = !isSound && index === payloads.length - 1;
      this.#queue.push({ dueNs: dueNs + BigInt(Math.round(index * spacing)), payload, timestamp, marker, frame });
    });
    this.#hooks.onFrame?.(frame, round, nowNs);
  }

  #write({ payload, timestamp, marker, frame }: Pending): Buffer {
    const { payloadType, ssrc } = this.#stream;
    const sequence = this.#sequence;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const extensions = this.#extensions(this.#stream.rid, EXTENSION.rid.id, frame);
    const packet = writeRtp({ payloadType, marker, sequence, timestamp, ssrc, extensions, payload });
    this.#history.set(sequence, packet);
    this.#history.delete((sequence - HISTORY) & 0xffff);
    this.#packets += 1;
    this.#bytes += payload.length;
    return packet;
  }

  #extensions(rid: string | null, ridId: number, frame: EncodedFrame | null): HeaderExtension[] {
    const accepted = this.#stream.extensions;
    const list: HeaderExtension[] = [];
    const add = (id: number, data: Buffer) => {
      if (accepted.has(id)) list.push({ id, data });
    };
    add(EXTENSION.mid.id, Buffer.from(this.#stream.mid));
    if (rid) add(ridId, Buffer.from(rid));
    add(EXTENSION.absSendTime.id, absSendTime(this.#wallMs(process.hrtime.bigint())));
    const transport = Buffer.alloc(2);
    transport.writeUInt16BE(this.#hooks.nextTransportSequence() & 0xffff);
    add(EXTENSION.transportSequence.id, transport);
    if (this.#track.codec === 'opus' && frame) {
      const level = this.#muted ? 127 : frame.level;
      add(EXTENSION.audioLevel.id, Buffer.from([(level < 60 ? 0x80 : 0) | level]));
    }
    return list;
  }

  #retransmit(packet: Buffer): void {
    this.#retransmitted += 1;
    const { rtx } = this.#stream;
    if (!rtx) {
      this.#hooks.send(packet);
      return;
    }
    const extensionBytes = (packet[0] ?? 0) & 0x10 ? 4 + packet.readUInt16BE(14) * 4 : 0;
    const original = packet.subarray(12 + extensionBytes);
    const sequence = this.#rtxSequence;
    this.#rtxSequence = (this.#rtxSequence + 1) & 0xffff;
    this.#hooks.send(
      writeRtp({
        payloadType: rtx.payloadType,
        ssrc: rtx.ssrc,
        sequence,
        marker: ((packet[1] ?? 0) & 0x80) !== 0,
        timestamp: packet.readUInt32BE(4),
        extensions: this.#extensions(this.#stream.rid, EXTENSION.repairedRid.id, null),
        payload: Buffer.concat([packet.subarray(2, 4), original]),
      }),
    );
  }

  #wallMs(atNs: bigint): number {
    return this.#clock.epochWallMs + Number(atNs - this.#clock.epochNs) / NS_PER_MS;
  }

  #report(nowNs: bigint): void {
    this.#reported = true;
    this.#nextReportNs = nowNs + NS_PER_S;
    const elapsed = Number(nowNs - this.#clock.epochNs) * (this.#track.clockRate / Number(NS_PER_S));
    const report = {
      ssrc: this.#stream.ssrc,
      wallMs: this.#wallMs(nowNs),
      timestamp: this.#stream.firstTimestamp + Math.round(elapsed),
      packets: this.#packets,
      bytes: this.#bytes,
    };
    this.#hooks.send(writeSenderReport(report, this.#stream.cname));
  }
}
