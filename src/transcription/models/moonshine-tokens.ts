/**
 * The vocabulary of Moonshine, which is LLaMA's and 768 tokens more, as sherpa-onnx reads it: a line a token, base64 and number. Taken out of
 * the text of llama-tokenizer-js; none of it is run.
 */

const LLAMA_TOKENS = 32_000;
const ALL_TOKENS = 32_768;

/** Throws where the text holds no such vocabulary. */
export const moonshineTokens = (tokenizerSource: string): string => {
  const encoded = /\bllama_vocab_base64\s*=\s*"([A-Za-z0-9+/=]+)"/.exec(tokenizerSource)?.[1] ?? '';
  const vocabulary = Buffer.from(encoded, 'base64').toString('utf8').split('\n');
  if (vocabulary.length !== LLAMA_TOKENS) {
    throw new Error(`A vocabulary of ${LLAMA_TOKENS} tokens is needed; ${vocabulary.length} were found.`);
  }
  const special = Array.from({ length: ALL_TOKENS - LLAMA_TOKENS }, (_, i) => `<<ST_${i}>>`);
  return [...vocabulary.map(bytesOf), ...special.map((token) => Buffer.from(token))]
    .map((bytes, number) => `${bytes.toString('base64')} ${number}\n`)
    .join('');
};

/** `<0x41>` stands for a byte, `▁` for a space. */
const bytesOf = (token: string): Buffer => {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
  return byte === undefined ? Buffer.from(token.replaceAll('▁', ' ')) : Buffer.from(byte, 'hex');
};
