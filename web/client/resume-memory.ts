/**
 * Keeps the resume token of a room for this tab, so that a reload within the server's patience keeps the participant. The session
 * storage of a tab lives as long as the tab; where storage is forbidden, a reload is simply a new participant.
 */

export interface ResumeMemory {
  read(): string | undefined;
  write(resumeToken: string): void;
  clear(): void;
}

/** Memory of one room in `sessionStorage`, or in this page alone where the browser forbids storage. */
export const resumeMemory = (roomId: string): ResumeMemory => {
  const key = `roomtape.resume.${roomId}`;
  const storage = sessionStorageIfAllowed();
  let value: string | undefined = storage?.getItem(key) ?? undefined;
  return {
    read: () => value,
    write: (resumeToken) => {
      value = resumeToken;
      storage?.setItem(key, resumeToken);
    },
    clear: () => {
      value = undefined;
      storage?.removeItem(key);
    },
  };
};

const sessionStorageIfAllowed = (): Storage | null => {
  try {
    return sessionStorage;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'SecurityError') return null;
    throw error;
  }
};
