/** The catalog as others import it: the handle, and the rows. Queries are one file a noun beside this one. */
export { type Catalog, checkDatabase, type OpenCatalog, openCatalog, pingDatabase, transaction } from './database.ts';
export type { DatabaseWatch } from './database-watch.ts';
export type { Page, PageRequest } from './paging.ts';
export type {
  CompositionRow,
  CompositionStatus,
  DeliveryRow,
  EventFile,
  EventRow,
  FileRow,
  IncidentRow,
  PurgeRow,
  RecordingRow,
  RoomRow,
  RoomWebhook,
  SessionRow,
  SigningKeyRow,
  StayRow,
  SummaryFacts,
  TranscriptionRow,
  TranscriptSpeakerRow,
  UtteranceRow,
  WebhookCallRow,
} from './tables.ts';
