/**
 * What the timeline yields: media with a time, in the form that decoders take. All times are session time.
 */
import type { ActiveRecording, ParticipantInfo, TrackInfo } from '../domain/events.ts';
import type { ParticipantId, TrackId } from '../domain/ids.ts';
import type { Codec, TrackSource } from '../domain/media.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';

/** Matrix coefficients that occur in rooms, by their recommendations; BT.2020 with non-constant luminance. */
export type ColourMatrix = 'bt601' | 'bt709' | 'bt2020';
/** Luma 16…235 and chroma 16…240, or both 0…255. */
export type ColourRange = 'limited' | 'full';

/** How the numbers of a picture stand for colours, as far as its sender says it. Null: not said. */
export interface VideoColour {
  readonly matrix: ColourMatrix | null;
  readonly range: ColourRange | null;
}

/** One coded picture of one stream (one simulcast layer of one track). */
export interface VideoFrame {
  readonly stream: number;
  /** When it is due to be decoded, which is when it is shown unless `shownNs` says otherwise. Never decreases within a stream. */
  readonly timeNs: SessionTimeNs;
  /** When it is shown, where pictures are not sent in the order in which they are shown (H.264 with B-frames) and this one is overtaken. */
  readonly shownNs?: SessionTimeNs;
  readonly keyframe: boolean;
  /** False from a loss until the next keyframe: it refers to something that never came. Do not decode it. */
  readonly decodable: boolean;
  /** VP8/VP9: the frame. H.264: Annex B access unit, SPS and PPS before every IDR. AV1: a temporal unit in OBUs with sizes. */
  readonly data: Buffer;
  /** Picture size where the keyframe's header says it, else the size of the last keyframe; null if unknown (H.264 may need the decoder). */
  readonly size: { readonly width: number; readonly height: number } | null;
  /** Absent: the sender says nothing. */
  readonly colour?: VideoColour;
}

/** One Opus packet's place. `endNs` is the start of the next contiguous one, or start + its duration. */
export interface AudioPacket {
  readonly stream: number;
  readonly startNs: SessionTimeNs;
  readonly endNs: SessionTimeNs;
  /** Null: lost, to be concealed. Silence by DTX yields no packet at all. */
  readonly data: Buffer | null;
}

/** A stream as the timeline knows it. */
export interface TimelineStream {
  readonly stream: number;
  readonly trackId: TrackId;
  readonly participantId: ParticipantId;
  readonly source: TrackSource;
  readonly codec: Codec;
  readonly rid: string | null;
  readonly openedNs: SessionTimeNs;
  /** When it ended, as far as the journal has been read. */
  readonly closedNs: SessionTimeNs | null;
}

/** Who is in the room and what they publish: from the snapshot that opens a chunk. Says again what events said, or mends what they missed. */
export interface RoomState {
  readonly type: 'room-state';
  readonly participants: readonly ParticipantInfo[];
  readonly tracks: readonly TrackInfo[];
  /** Pinned participants, in the order they were pinned. */
  readonly pins: readonly ParticipantId[];
  readonly recordings: readonly ActiveRecording[];
}
