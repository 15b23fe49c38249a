/** What is to be copied or merged for a recording, if that makes its files. `dataDir`: stored paths are relative to it. */
import { join } from 'node:path';
import type { RecordingRow } from '../catalog/catalog.ts';
import type { CopyOrder } from './ports.ts';

export const copyOrder = ({ subject, config }: RecordingRow, dataDir: string): { readonly copy?: CopyOrder } => {
  switch (subject.kind) {
    case 'participant':
    case 'track': {
      const { kind, participantId } = subject;
      const { fileFormat } = config;
      if (subject.kind === 'participant') return { copy: { kind, participantId, source: null, fileFormat } };
      const { source, encodeAs } = subject;
      return { copy: { kind, participantId, source, fileFormat, ...(encodeAs && { encodeAs }) } };
    }
    case 'merge':
      return {
        copy: { kind: 'merge', inputs: subject.inputs.map((one) => ({ ...one, path: join(dataDir, one.path) })) },
      };
    default:
      return {};
  }
};
