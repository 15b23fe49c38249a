/** What is to be copied for a recording, if copying makes its files. */
import type { RecordingRow } from '../catalog/catalog.ts';
import type { CopyOrder } from './ports.ts';

export const copyOrder = ({ subject, config }: RecordingRow): { readonly copy?: CopyOrder } => {
  switch (subject.kind) {
    case 'participant':
    case 'track': {
      const { kind, participantId } = subject;
      const source = subject.kind === 'track' ? subject.source : null;
      return { copy: { kind, participantId, source, fileFormat: config.fileFormat } };
    }
    default:
      return {};
  }
};
