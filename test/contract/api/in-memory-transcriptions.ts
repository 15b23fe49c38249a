/** Transcriptions as far as other tests of the HTTP side need them. Their own tests have the catalog behind them. */
import type { CaptionsPort, TranscriptionsPort, TranscriptionView } from '../../../src/api/ports.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import { newUuid } from '../../../src/support/new-id.ts';

export class InMemoryTranscriptions implements TranscriptionsPort {
  readonly #views: TranscriptionView[] = [];

  /** One in which nothing was said. Answers its id. */
  add(of: Pick<TranscriptionView, 'roomId' | 'sessionId' | 'recordingId'>): string {
    const [id, now] = [newUuid<string>(), new Date()];
    this.#views.push({
      ...of,
      id,
      status: 'completed',
      request: { engine: null, language: null, summary: null },
      isOwn: true,
      engine: 'test/1',
      language: null,
      durationSeconds: 1,
      heardSeconds: 1,
      speakers: [],
      files: [],
      userStorage: null,
      summary: null,
      summaryAttempts: 0,
      summaryError: null,
      failureReason: null,
      filePath: null,
      start: now,
      end: now,
      createdAt: now,
      updatedAt: now,
    });
    return id;
  }

  /** As if who hears knew English alone. */
  problem: TranscriptionsPort['problem'] = async ({ language }) =>
    language === null || /^(?:en|pt)\b/.test(language)
      ? null
      : { field: 'language', text: `The engine test/1 understands en, pt only, and "${language}" was asked for.` };
  list: TranscriptionsPort['list'] = async ({ roomId }) => {
    const items = this.#views.filter((view) => roomId === null || view.roomId === roomId);
    return { items, total: items.length };
  };
  find: TranscriptionsPort['find'] = async (id) => this.#views.find((view) => view.id === id) ?? null;
  ofRecordings: TranscriptionsPort['ofRecordings'] = async () => new Map();
  transcribe: TranscriptionsPort['transcribe'] = () =>
    Promise.reject(new RoomtapeError('RECORDING_JOURNAL_ERASED', 'It is no longer kept.'));
  search: TranscriptionsPort['search'] = async () => ({ items: [], total: 0 });
}

export const NO_CAPTIONS: CaptionsPort = {
  sessionOf: async () => null,
  after: async () => [],
  listen: () => () => undefined,
};
