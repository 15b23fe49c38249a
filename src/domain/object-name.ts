/**
 * Names of objects in a caller's bucket: `<directory>/<recordingId>.mp4`. The directory is the caller's text; what would lead elsewhere
 * than it reads, or is no name to every store, is refused.
 */
import type { TranscriptFileKind } from './transcription.ts';

/** Object names have at most 1024 bytes of UTF-8 (S3, GCS, Azure); the rest is for the file's own name. */
const LONGEST_DIRECTORY_BYTES = 900;
/** Of one part: 255 bytes in file systems. */
const LONGEST_PART_BYTES = 255;

/** Control characters, separators of lines, lone surrogates; characters that turn the direction of text around, so that it reads otherwise. */
const UNFIT = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069\\]/u;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** What is wrong with a directory, as the end of "it …", or undefined. */
export const directoryProblem = (text: string): string | undefined => {
  if (UNFIT.test(text)) return 'must not have control characters, backslashes or marks that turn the direction of text';
  const parts = partsOf(text);
  if (parts.includes('..')) return 'must not have ".." in it: name the directory from the top of the bucket';
  if (parts.some((part) => bytesOf(part) > LONGEST_PART_BYTES)) {
    return `must not have parts of more than ${LONGEST_PART_BYTES} bytes between slashes`;
  }
  const bytes = bytesOf(parts.join('/'));
  return bytes > LONGEST_DIRECTORY_BYTES ? `must not be longer than ${LONGEST_DIRECTORY_BYTES} bytes` : undefined;
};

/** `/meetings//room one/` → `meetings/room one`; `/` → ''. Unicode in its composed form (NFC): one name for what looks the same. */
export const bucketDirectory = (text: string): string => partsOf(text).join('/');

const partsOf = (text: string): string[] =>
  text
    .normalize('NFC')
    .split('/')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== '.');

/** `index` counts the files of a recording from 0; `extension` has its dot. */
export const objectName = (
  directory: string,
  file: {
    readonly recordingId: string;
    readonly index: number;
    readonly extension: string;
    readonly compositionId?: string;
  },
): string => {
  const part = file.index === 0 ? '' : `-${file.index + 1}`;
  const again = file.compositionId === undefined ? '' : `-${file.compositionId}`;
  return inDirectory(directory, `${file.recordingId}${again}${part}${file.extension}`);
};

/** `<directory>/<recordingId>-transcript.vtt`; with the transcription's id in it where it was asked for afterwards. */
export const transcriptName = (
  directory: string,
  file: { readonly recordingId: string; readonly transcriptionId: string | null; readonly kind: TranscriptFileKind },
): string => {
  const again = file.transcriptionId === null ? '' : `-${file.transcriptionId}`;
  return inDirectory(directory, `${file.recordingId}${again}-${file.kind}`);
};

const inDirectory = (directory: string, name: string): string => (directory === '' ? name : `${directory}/${name}`);
