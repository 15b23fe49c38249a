/** Which processes of this machine belong to a data folder: by command line or environment, as Linux tells. Empty elsewhere. */
import { readdir, readFile } from 'node:fs/promises';

/** Reading a process that is just ending, or somebody else's, is not an error here. */
const readQuietly = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return '';
    throw error;
  }
};

/** `pid command` of every process that names the folder; this process not counted. */
export const processesOf = async (folder: string): Promise<string[]> => {
  if (process.platform !== 'linux') return [];
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    const command = await readQuietly(`/proc/${pid}/cmdline`);
    // A zombie has no command line: it has ended, and only waits to be counted.
    if (command === '') continue;
    const environment = await readQuietly(`/proc/${pid}/environ`);
    if (command.includes(folder) || environment.includes(folder)) {
      found.push(`${pid} ${command.replaceAll('\0', ' ').trim()}`);
    }
  }
  return found;
};
