/** The catalog's own ports of transcripts and files, for an API whose other ports live in memory. */
import type { ApiPorts } from '../../../src/api/ports.ts';
import type { Catalog } from '../../../src/catalog/catalog.ts';
import { filesPort } from '../../../src/processes/api-ports.ts';

export { captionsPort, transcriptionsPort } from '../../../src/processes/transcription-ports.ts';

export const filesOfTest = (catalog: Catalog, dataDir: string): Pick<ApiPorts, 'files'> => ({
  files: filesPort(catalog, dataDir, null),
});
