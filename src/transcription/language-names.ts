/** Languages as Whisper's endpoints name them (`english`, `haitian creole`) or as codes, to BCP-47. */

/** What Whisper knows (ISO 639, as its tokenizer lists them). */
const CODES: readonly string[] =
  'af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh'.split(
    ' ',
  );

/** What Whisper calls otherwise than BCP 47 does, or hears as a language that is close to it. */
const CALLED: Readonly<Record<string, string>> = { jv: 'jw', nb: 'no', fil: 'tl', cmn: 'zh' };

/** Primary languages that Whisper knows. */
export const WHISPER_LANGUAGES: readonly string[] = [...CODES, ...Object.keys(CALLED)];

/** Primary languages that a model of this kind understands; null: whatever it is given, as far as anybody knows. Whisper ends its process over others. */
export const languagesOf = (model: {
  readonly kind: string;
  readonly languages: readonly string[] | null;
}): readonly string[] | null => model.languages ?? (model.kind === 'whisper' ? WHISPER_LANGUAGES : null);

/** A primary language as Whisper calls it. */
export const whisperCode = (primary: string): string => CALLED[primary] ?? primary;

/** Where Whisper's name is not the one of CLDR. */
const OTHER_NAMES: readonly (readonly [name: string, code: string])[] = [
  ['bengali', 'bn'],
  ['burmese', 'my'],
  ['castilian', 'es'],
  ['flemish', 'nl'],
  ['haitian creole', 'ht'],
  ['javanese', 'jv'],
  ['jw', 'jv'],
  ['lingala', 'ln'],
  ['luxembourgish', 'lb'],
  ['mandarin', 'zh'],
  ['moldavian', 'ro'],
  ['moldovan', 'ro'],
  ['myanmar', 'my'],
  ['nynorsk', 'nn'],
  ['panjabi', 'pa'],
  ['pushto', 'ps'],
  ['sinhalese', 'si'],
  ['tagalog', 'tl'],
  ['tibetan', 'bo'],
  ['valencian', 'ca'],
];

/** `Māori` is written `maori`. */
const plain = (name: string): string =>
  name
    .normalize('NFD')
    .replace(/\p{Mark}/gu, '')
    .trim()
    .toLowerCase();

const NAMES = ((): ReadonlyMap<string, string> => {
  const english = new Intl.DisplayNames('en', { type: 'language' });
  const named = CODES.map((code) => [plain(english.of(code) ?? code), code] as const);
  return new Map([...named, ...CODES.map((code) => [code, code] as const), ...OTHER_NAMES]);
})();

/** BCP-47, or null for a name that nobody knows. */
export const languageNamed = (name: string): string | null => {
  const known = NAMES.get(plain(name));
  if (known !== undefined) return known;
  // A tag with more to it, such as `pt-BR`.
  const [primary = '', ...rest] = name.trim().split(/[-_]/);
  const isTag = rest.length > 0 && rest.every((part) => /^[A-Za-z0-9]{2,8}$/.test(part));
  return isTag && CODES.includes(primary.toLowerCase()) ? [primary.toLowerCase(), ...rest].join('-') : null;
};
