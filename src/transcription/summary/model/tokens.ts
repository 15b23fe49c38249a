/**
 * How many tokens a text may be, without knowing the model: rather too many than too few, since a question that does not fit is refused or,
 * worse, read in part. Vocabularies in use take 4 to 5 English letters to a token, 1 to 3 letters of other alphabets, and up to 2 tokens for
 * a sign of Chinese or an emoji; we assume less in each case.
 */
const ASCII_LETTERS_TO_A_TOKEN = 3;

const tokensOfSign = (sign: string): number => {
  const code = sign.codePointAt(0) ?? 0;
  if (code < 0x80) return /[A-Za-z ]/.test(sign) ? 1 / ASCII_LETTERS_TO_A_TOKEN : 0.7;
  if (code < 0x600) return 0.7; // Latin with marks, Greek, Cyrillic, Hebrew
  if (code < 0x1000) return 1; // Arabic, Indic, Thai
  return 2;
};

/** Conservative; never 0 for a text that is not empty. */
export const estimateTokens = (text: string): number => {
  let sum = 0;
  for (const sign of text) sum += tokensOfSign(sign);
  return Math.ceil(sum);
};
