/** What a destination answered, in words for the recording object: short, printable, without anything secret. */

/** A sentence of a store is one or two lines. */
const LONGEST = 300;

/** One line; a URL in it loses its query. */
export const printable = (text: string): string =>
  text
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .replaceAll(/(https?:\/\/[^\s?]*)\?\S*/g, '$1')
    .trim()
    .slice(0, LONGEST);

/** `AccessDenied: Request has expired` of an S3, GCS or Azure error document; null for any other body. Signatures and keys stand in other tags. */
export const wordsOfErrorDocument = (body: string): string | null => {
  const tag = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] ?? '';
  const [code, message] = [printable(tag('Code')), printable(tag('Message').split('\n')[0] ?? '')];
  if (code === '') return null;
  return message === '' ? code : `${code}: ${message}`;
};
