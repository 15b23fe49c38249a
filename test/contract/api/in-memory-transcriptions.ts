/** No transcription, as far as other tests of the HTTP side need them. Their own tests have the catalog behind them. */
import type { CaptionsPort, TranscriptionsPort } from '../../../src/api/ports.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';

export const NO_TRANSCRIPTIONS: TranscriptionsPort = {
  list: async () => ({ items: [], total: 0 }),
  find: async () => null,
  ofRecordings: async () => new Map(),
  transcribe: () => Promise.reject(new RoomtapeError('RECORDING_JOURNAL_ERASED', 'It is no longer kept.')),
  search: () => Promise.reject(new RoomtapeError('TRANSCRIPTION_NOT_FOUND', 'Transcription not found.')),
};

export const NO_CAPTIONS: CaptionsPort = {
  sessionOf: async () => null,
  after: async () => [],
  listen: () => () => undefined,
};
