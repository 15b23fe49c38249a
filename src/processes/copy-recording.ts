/** From a journal to copied files, or from files to a merged one, in this process: joins the journal's reader to copying. */
import { join } from 'node:path';
import { anyhow, type Guard } from '../composition/careful-decoding.ts';
import { mergeChannels } from '../composition/channel-merge.ts';
import type { ArtifactFacts, CopyConfig } from '../composition/task.ts';
import { copyParticipant } from '../copying/copy-participant.ts';
import { copyTrack } from '../copying/copy-track.ts';
import { judgeUnder } from '../copying/first-picture.ts';
import { type CopiedPart, partName } from '../copying/parts.ts';
import type { ParticipantId } from '../domain/ids.ts';
import { selectRecords } from '../timeline/selection.ts';
import { type JournalFeedOptions, openJournalFeed } from './journal-feed.ts';

export interface CopyRecordingOptions extends Omit<JournalFeedOptions, 'filter'> {
  /** Absolute path of the first file without its extension. */
  readonly artifactPath: string;
  /** For files that are not whole yet; on the same disk. */
  readonly scratchDir: string;
  /** Called as the work gets on, also while the journal is waited for. */
  readonly onStep?: () => void;
  /** Under which the little is decoded that is; none, where it is absent. */
  readonly guard?: Guard;
}

/** Makes the files. Rejects with `NothingToComposeError` if the journal knows no such recording. */
export const copyRecording = async (copy: CopyConfig, options: CopyRecordingOptions): Promise<ArtifactFacts[]> => {
  const { artifactPath, scratchDir, onStep = () => undefined, guard = anyhow, ended, ...journal } = options;
  if (copy.kind === 'merge') {
    return [await mergeChannels({ inputs: copy.inputs, artifactPath, scratchDir, onStep, guard })];
  }
  const participantId = copy.participantId as ParticipantId;
  const isHis = (id: ParticipantId): boolean => id === participantId;
  const openFeed = () => {
    const select = selectRecords({ participant: isHis, source: isHis });
    return openJournalFeed({
      ...journal,
      ended: () => {
        onStep();
        return ended?.() ?? false;
      },
      filter: (record) => {
        onStep();
        return select(record);
      },
    });
  };
  const { fileFormat } = copy;
  const judgeFirst = judgeUnder(guard);
  const shared = { openFeed, participantId, fileFormat, artifactPath, scratchDir, judgeFirst, onStep };
  if (copy.source === null) return (await copyParticipant(shared)).map(factsOf);
  const { source } = copy;
  if (!copy.encodeAs) return (await copyTrack({ ...shared, source })).map(factsOf);
  const copied = await copyTrack({ ...shared, source, artifactPath: join(scratchDir, 'copied') });
  const encoded: ArtifactFacts[] = [];
  for (const [index, { facts, offsetSeconds }] of copied.entries()) {
    const sides = (['left', 'right'] as const).map((side) => ({
      path: facts.path,
      channel: side,
      side,
      offsetSeconds: 0,
    }));
    const path = partName(artifactPath, index);
    const made = await mergeChannels({ inputs: sides, artifactPath: path, scratchDir, onStep, guard });
    encoded.push({ ...made, offsetSeconds });
  }
  return encoded;
};

const factsOf = ({ facts, offsetSeconds }: CopiedPart): ArtifactFacts => ({ ...facts, offsetSeconds });
