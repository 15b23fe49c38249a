/** Media types of finished files, by their names (RFC 6838 registrations; `.srt` has none). */

const BY_EXTENSION: Readonly<Record<string, string>> = {
  '.mp4': 'video/mp4',
  '.m4a': 'audio/mp4',
  '.webm': 'video/webm',
  '.mp3': 'audio/mpeg',
  '.json': 'application/json',
  '.srt': 'application/x-subrip; charset=utf-8',
  '.tsv': 'text/tab-separated-values; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.vtt': 'text/vtt; charset=utf-8',
};

/** `.mp4` of `recordings/1/2.mp4`; '' where there is none. */
export const extensionOf = (path: string): string => /\.[a-z0-9]+$/.exec(path)?.[0] ?? '';

/** What a file is sent as. Sound alone in a video container is audio. */
export const contentTypeOf = (path: string, type: 'video' | 'audio' | 'text'): string => {
  const byName = BY_EXTENSION[extensionOf(path)] ?? 'application/octet-stream';
  return type === 'audio' ? byName.replace(/^video/, 'audio') : byName;
};
