/** Opens finished files for sending. What compositors made belongs to them: a link in its place is not followed (ELOOP). */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

export const READ_NO_LINK = constants.O_RDONLY | constants.O_NOFOLLOW;

/** A finished file of ours can't be read: no fault of the place that it was to go to, and nothing that its receiver can put right. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
}

/** Tells what reading a file of ours meets from what sending it meets: rejects with `UnreadableFile`. */
export const readingOurs = async <T>(reading: Promise<T>): Promise<T> => {
  try {
    return await reading;
  } catch (cause) {
    throw new UnreadableFile('A finished file could not be read.', { cause });
  }
};

/** The caller closes it, or a stream made of it does. */
export const openOutgoing = (path: string): Promise<FileHandle> => open(path, READ_NO_LINK);
