/** Composes one journal in a process of its own, whose CPU time is the measurement: `compose-child.ts JOURNAL WORK_DIR ARTIFACT CONFIG`. */
import { compositionConfig } from '../src/composition/task.ts';
import { composeJournal } from '../src/processes/compose-journal.ts';
import { RECORDING } from '../test/unit/composition/rehearsal.ts';

const [, , journalDir = '', workDir = '', artifactPath = '', config = ''] = process.argv;
await composeJournal({
  journalDir,
  recordingId: RECORDING,
  config: compositionConfig.parse(JSON.parse(config)),
  workDir,
  artifactPath,
});
