/** Transcriptions as far as other tests of the HTTP side need them. Their own tests have the catalog behind them. */
import type { CaptionsPort, TranscriptionsPort } from '../../../src/api/ports.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import type { TranscriptionRequest } from '../../../src/domain/transcription.ts';

export class InMemoryTranscriptions implements TranscriptionsPort {
  /** With each start, in order. */
  readonly asked: (TranscriptionRequest | undefined)[] = [];

  async list() {
    return { items: [], total: 0 };
  }
  async find() {
    return null;
  }
  async ofRecordings() {
    return new Map();
  }
  transcribe(): Promise<never> {
    return Promise.reject(new RoomtapeError('RECORDING_JOURNAL_ERASED', 'It is no longer kept.'));
  }
  search(): Promise<never> {
    return Promise.reject(new RoomtapeError('TRANSCRIPTION_NOT_FOUND', 'Transcription not found.'));
  }
}

export const NO_CAPTIONS: CaptionsPort = {
  sessionOf: async () => null,
  after: async () => [],
  listen: () => () => undefined,
};
