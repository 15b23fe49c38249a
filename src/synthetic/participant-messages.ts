/** What a participant's process and the process that wants it say to each other over the fork channel (structured clones, so bigints pass). */
import type { TrackSource } from '../domain/media.ts';
import type { PublisherOptions, SentMark } from './publisher.ts';

export type JoinOptions = Omit<PublisherOptions, 'onMark' | 'onLost' | 'onBack'>;

export type ParticipantCommand =
  | { readonly type: 'join'; readonly options: JoinOptions }
  | { readonly type: 'set-muted'; readonly source: TrackSource; readonly muted: boolean }
  | { readonly type: 'publish'; readonly source: TrackSource; readonly file: string }
  | { readonly type: 'unpublish'; readonly source: TrackSource }
  | { readonly type: 'replace'; readonly source: TrackSource; readonly file: string }
  | { readonly type: 'pin'; readonly participantId: string; readonly pinned: boolean }
  | { readonly type: 'reconnect' }
  | { readonly type: 'statistics' }
  | { readonly type: 'leave' };

export interface ParticipantRequest {
  readonly id: number;
  readonly command: ParticipantCommand;
}

export interface ParticipantStatistics {
  readonly packets: number;
  readonly retransmitted: number;
  readonly keyframesAsked: number;
  readonly refused: number;
}

export type ParticipantReport =
  | {
      readonly type: 'done';
      readonly id: number;
      readonly participantId: string | null;
      readonly statistics: ParticipantStatistics;
    }
  | { readonly type: 'refused'; readonly id: number; readonly message: string }
  | { readonly type: 'mark'; readonly mark: SentMark }
  | { readonly type: 'lost'; readonly reason: string }
  | { readonly type: 'back' };
