/** A length of time as people read it: `0:07`, `12:34`, `1:02:03`. Pure. */
export const formatElapsed = (elapsedMs: number): string => {
  const seconds = Math.max(0, Math.floor(elapsedMs / 1000));
  const pad = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const tail = `${hours > 0 ? pad(minutes % 60) : minutes}:${pad(seconds % 60)}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
};
