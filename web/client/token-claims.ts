/** What a participant token says about its bearer. Read, not verified: for prefilling and plain messages only. */

export interface TokenClaims {
  readonly name: string | null;
  readonly participantId: string | null;
}

const fromBase64Url = (text: string): string => {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
};

/** The claims of a JWT (RFC 7519 §3), or null where it is none. */
export const readTokenClaims = (token: string): TokenClaims | null => {
  const payload = token.split('.')[1];
  if (payload === undefined) return null;
  let claims: unknown;
  try {
    claims = JSON.parse(fromBase64Url(payload));
  } catch (error) {
    // Both decoders refuse by throwing; anything else is a bug.
    if (error instanceof SyntaxError || error instanceof DOMException) return null;
    throw error;
  }
  if (typeof claims !== 'object' || claims === null) return null;
  const text = (key: string): string | null => {
    const value: unknown = Reflect.get(claims, key);
    return typeof value === 'string' && value !== '' ? value : null;
  };
  return { name: text('name'), participantId: text('participantId') };
};
