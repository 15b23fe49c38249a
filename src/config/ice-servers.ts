/** STUN and TURN servers as clients are told of them (the `RTCIceServer` dictionary of WebRTC). */
import { z } from 'zod';
import { Refusal } from './setting-kinds.ts';

/** RFC 7064 and RFC 7065 URIs. */
const ICE_URL = /^(?:stuns?|turns?):[^\s?]+(?:\?transport=(?:udp|tcp))?$/;

const iceServer = z.strictObject({
  urls: z.union([z.string().regex(ICE_URL), z.array(z.string().regex(ICE_URL)).min(1)]),
  username: z.string().min(1).optional(),
  credential: z.string().min(1).optional(),
});
export type IceServer = z.infer<typeof iceServer>;

const MUST =
  'addresses such as stun:stun.example.org:3478 (comma-separated), or JSON: [{"urls":"turn:turn.example.org","username":"…","credential":"…"}]';

/** Takes JSON, a YAML list of dictionaries, or a comma list of addresses. Throws `Refusal`. Never repeats a value: it may hold a credential. */
export const parseIceServers = (raw: unknown): readonly IceServer[] => {
  let value: unknown = raw;
  if (typeof raw === 'string') {
    const trimmed = raw.trim();
    if (/^[[{]/.test(trimmed)) {
      try {
        value = JSON.parse(trimmed);
      } catch (cause) {
        throw new Refusal(`${MUST}; what is there is not JSON`, { cause });
      }
    } else {
      value = trimmed
        .split(',')
        .map((url) => url.trim())
        .filter((url) => url !== '');
    }
  }
  const entries: unknown[] = Array.isArray(value) ? value : [value];
  return entries.map((entry, index) => {
    const parsed = iceServer.safeParse(typeof entry === 'string' ? { urls: entry } : entry);
    if (!parsed.success) throw new Refusal(`${MUST}; entry ${index + 1} is not`);
    const urls = [parsed.data.urls].flat();
    const needsCredential = urls.some((url) => url.startsWith('turn'));
    if (needsCredential && (parsed.data.username === undefined || parsed.data.credential === undefined)) {
      throw new Refusal(`${MUST}; entry ${index + 1} is a TURN server and needs a username and a credential`);
    }
    return parsed.data;
  });
};
