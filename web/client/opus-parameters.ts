/**
 * Sets Opus parameters (RFC 7587 §6.1) in SDP. What a browser sends follows the fmtp of the *answer*, what it decodes that of its
 * own offer; there is no API for either. Pure.
 */

export type OpusParameters = Readonly<Record<string, string | number>>;

const merge = (fmtp: string, parameters: OpusParameters): string => {
  const merged = new Map<string, string>();
  for (const pair of fmtp.split(';')) {
    const [key = '', value = ''] = pair.trim().split('=');
    if (key !== '') merged.set(key, value);
  }
  for (const [key, value] of Object.entries(parameters)) merged.set(key, String(value));
  return [...merged].map(([key, value]) => `${key}=${value}`).join(';');
};

const tuneSection = (section: string, parameters: OpusParameters): string => {
  const payloadType = /^a=rtpmap:(\d+) opus\/48000/im.exec(section)?.[1];
  if (payloadType === undefined) return section;
  const line = new RegExp(`^a=fmtp:${payloadType} ([^\\r\\n]*)`, 'm');
  if (line.test(section)) {
    return section.replace(line, (_, fmtp: string) => `a=fmtp:${payloadType} ${merge(fmtp, parameters)}`);
  }
  const map = new RegExp(`^a=rtpmap:${payloadType} [^\\r\\n]*`, 'm');
  return section.replace(map, (rtpmap) => `${rtpmap}\r\na=fmtp:${payloadType} ${merge('', parameters)}`);
};

/**
 * @param choose Parameters for the audio section with this mid, or null: it stays as it is.
 * @returns The SDP with the parameters merged into each section's Opus fmtp.
 */
export const setOpusParameters = (sdp: string, choose: (mid: string) => OpusParameters | null): string =>
  sdp
    .split(/^(?=m=)/m)
    .map((section) => {
      const mid = /^a=mid:(\S+)/m.exec(section)?.[1];
      const parameters = section.startsWith('m=audio') && mid !== undefined ? choose(mid) : null;
      return parameters === null ? section : tuneSection(section, parameters);
    })
    .join('');
