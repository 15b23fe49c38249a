/** Opens finished files for sending. What compositors made belongs to them: a link in its place is not followed (ELOOP). */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

export const READ_NO_LINK = constants.O_RDONLY | constants.O_NOFOLLOW;

/** The caller closes it, or a stream made of it does. */
export const openOutgoing = (path: string): Promise<FileHandle> => open(path, READ_NO_LINK);
