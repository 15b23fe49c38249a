/** The name a person gave last time, kept in this browser; forgotten where it forbids storage. */

const KEY = 'roomtape.name';

const storage = (): Storage | null => {
  try {
    return localStorage;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'SecurityError') return null;
    throw error;
  }
};

export const rememberedName = (): string => storage()?.getItem(KEY) ?? '';
export const rememberName = (name: string): void => storage()?.setItem(KEY, name);
