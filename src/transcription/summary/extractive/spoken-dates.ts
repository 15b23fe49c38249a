/**
 * Days and times that are named in a sentence, as they were spoken. Figures in any language; names of months and days in the
 * transcript's language, which Intl knows; phrases such as "by the end of next week" in English, and the commonest elsewhere.
 */

const NUMBERS = `(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth|twenty[ -](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|thirty[ -]first|\\d{1,2}(?:st|nd|rd|th))`;
const DAYS = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)';
const MONTHS = '(?:january|february|march|april|may|june|july|august|september|october|november|december)';
const BEFORE = '(?:(?:by|before|until|on|at|in|from|since|after|not later than|no later than) )?';
const SPAN = '(?:week|month|quarter|year|monday|tuesday|wednesday|thursday|friday|saturday|sunday)';

/** In order: what comes first is longer and more exact. */
const ENGLISH: readonly RegExp[] = [
  new RegExp(`\\b${BEFORE}the ${NUMBERS} ${DAYS} (?:of|in) (?:every month|each month|the month|${MONTHS})\\b`, 'iu'),
  new RegExp(`\\b${BEFORE}the ${NUMBERS} week of ${MONTHS}\\b`, 'iu'),
  new RegExp(`\\b${BEFORE}(?:the )?${NUMBERS} (?:of )?${MONTHS}(?:,? \\d{4})?\\b`, 'iu'),
  new RegExp(`\\b${BEFORE}${MONTHS} (?:the )?(?:${NUMBERS}|\\d{1,2})(?:,? \\d{4})?\\b`, 'iu'),
  new RegExp(`\\b${BEFORE}\\d{1,2} ${MONTHS}(?: \\d{4})?\\b`, 'iu'),
  new RegExp(`\\b${BEFORE}(?:the )?end of (?:the|this|next) (?:week|month|quarter|year|day)\\b`, 'iu'),
  new RegExp(
    `\\b${BEFORE}(?:this |next )?${DAYS}(?: or ${DAYS})?(?: (?:morning|afternoon|evening|night|at noon))?\\b`,
    'iu',
  ),
  new RegExp(
    `\\b${BEFORE}(?:the )?(?:next|this|following|coming) (?:${SPAN}|weekend|afternoon|evening|spring|summer|autumn|fall|winter)\\b`,
    'iu',
  ),
  /\b(?:(?:by|before|until) )?(?:tomorrow|tonight|today)(?: (?:morning|afternoon|evening|night))?\b/iu,
  /\bwithin (?:a|one|two|three|four|\d+) (?:hours?|days?|weeks?|months?)\b/iu,
  new RegExp(`\\bin (?:early |late |mid )?(?:${MONTHS.replace('|may|', '|')}|spring|summer|autumn)\\b`, 'iu'),
];

/** The past is no date to keep. */
const PAST =
  /\b(?:last|past|previous|since) (?:week|month|year|monday|tuesday|wednesday|thursday|friday|saturday|sunday|night)\b/iu;

const ANYWHERE: readonly RegExp[] = [
  /(?<![\p{L}\p{N}])\d{4}-\d{2}-\d{2}(?![\p{L}\p{N}])/u,
  /(?<![\p{L}\p{N}.])\d{1,2}[./]\s?\d{1,2}[./]\s?(?:\d{4}|\d{2})?(?![\p{L}\p{N}])/u,
  /[\d一二三四五六七八九十]{1,3}月[\d一二三四五六七八九十]{1,3}[日号]/u,
  /(?:来週の?|今週の?|每个月第[一二三四]个|下周|下個?)?(?:[月火水木金土日]曜日|(?:星期|周|週)[一二三四五六日天])(?:まで|之前|以前)?/u,
  /(?:下个?月|来月|来週|明日|明天|今日の午後|下周)/u,
];

const COMMON: Readonly<Record<string, RegExp>> = {
  de: /(?:bis |am |ab |in |noch )?(?<!\p{L})(?:heute(?: nachmittag| abend| noch)?|morgen(?: früh)?|übermorgen|nächste[nr]? woche|in (?:zwei|drei|vier|\d+) wochen|nächsten monat|ende (?:der|dieser) woche)(?!\p{L})/iu,
  fr: /(?:avant |d'ici |jusqu'à )?(?<!\p{L})(?:demain|après-demain|aujourd'hui|la semaine prochaine|le mois prochain|fin de (?:semaine|mois))(?!\p{L})/iu,
  es: /(?:antes de(?:l)? |hasta )?(?<!\p{L})(?:mañana(?! por)|pasado mañana|hoy|esta semana|la (?:próxima semana|semana que viene)|el próximo mes)(?!\p{L})/iu,
  pt: /(?:antes de |até )?(?<!\p{L})(?:amanhã|depois de amanhã|hoje|esta semana|(?:na )?próxima semana|próximo mês)(?!\p{L})/iu,
  it: /(?:entro |prima di )?(?<!\p{L})(?:domani|dopodomani|oggi|questa settimana|la (?:prossima settimana|settimana prossima)|il mese prossimo)(?!\p{L})/iu,
  ru: /(?:до |к )?(?<!\p{L})(?:завтра|послезавтра|сегодня|на (?:этой|следующей) неделе|в следующем месяце)(?!\p{L})/iu,
  ar: /(?:قبل )?(?<!\p{L})(?:غدا|اليوم|الأسبوع القادم|الشهر القادم|نهاية السنة|نهاية الأسبوع|مساء (?:يوم )?الأربعاء)(?!\p{L})/u,
};

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

const namesOf = (language: string, option: Intl.DateTimeFormatOptions, dates: readonly Date[]): string[] => {
  const format = new Intl.DateTimeFormat(language, { ...option, timeZone: 'UTC', calendar: 'gregory' });
  const written = dates.map((date) => format.formatToParts(date));
  return written
    .flatMap((parts) => parts.filter(({ type }) => type === 'month' || type === 'weekday'))
    .map(({ value }) => value);
};

/** 2024 begins on a Monday. */
const day = (month: number, date: number): Date => new Date(Date.UTC(2024, month, date));

/** Months with the day before them, and days of the week, as the language writes them. */
const named = (language: string): RegExp[] => {
  const months = [...Array(12).keys()].map((month) => day(month, 1));
  const days = [...Array(7).keys()].map((date) => day(0, 1 + date));
  // Months are inflected where a day stands before them ("1 января").
  const inContext = namesOf(language, { day: 'numeric', month: 'long' }, months);
  const monthNames = [...new Set([...namesOf(language, { month: 'long' }, months), ...inContext])];
  const dayNames = [...new Set(namesOf(language, { weekday: 'long' }, days))];
  const anyOf = (names: readonly string[]) =>
    names
      .filter((name) => /\p{L}/u.test(name))
      .map(escaped)
      .join('|');
  const [anyMonth, anyDay] = [anyOf(monthNames), anyOf(dayNames)];
  const patterns: RegExp[] = [];
  if (anyMonth !== '') {
    patterns.push(new RegExp(`\\d{1,2}\\.? (?:de |di )?(?:${anyMonth})(?!\\p{L})(?: \\d{4})?`, 'iu'));
  }
  if (anyDay !== '')
    patterns.push(
      new RegExp(
        `(?:(?:bis|am|ab|antes del|hasta el|para el|el|avant|le|até|no|na|entro|до|в|قبل يوم|يوم) )?(?<!\\p{L})(?:${anyDay})(?!\\p{L})`,
        'iu',
      ),
    );
  return patterns;
};

/** "Tomorrow" and "in January" help who reads when something is due, and say nothing in a list of dates. */
const VAGUE =
  /^\W*(?:(?:by|before|until|on|at|in|from|since|after) )?(?:today|tonight|tomorrow|(?:this|next|the following|the coming|the next) (?:week|month|quarter|year|weekend|afternoon|evening|spring|summer|autumn|fall|winter)|(?:early |late |mid )?(?:january|february|march|april|may|june|july|august|september|october|november|december|spring|summer|autumn)|within .+)(?: (?:morning|afternoon|evening|night))?$/iu;

/** Whether a date that was found is a day that can be looked up in a calendar, by who knows the day of the meeting. */
export const isCalendarDay = (spoken: string): boolean =>
  !VAGUE.test(spoken) &&
  !/^(?:今日の?|明日|今天|明天|来週|来月|下个?月|下周|今日の午後)$/u.test(spoken) &&
  !Object.values(COMMON).some((common) => common.exec(spoken)?.[0] === spoken);

/** Finds dates in sentences of one language; null: none known. */
export class DateFinder {
  readonly #patterns: readonly RegExp[];

  constructor(language: string | null) {
    const primary = language?.toLowerCase().split(/[-_]/)[0];
    const common = primary === undefined ? undefined : COMMON[primary];
    const own = primary === undefined || primary === 'en' ? [] : named(primary);
    this.#patterns = [...ANYWHERE, ...own, ...(common ? [common] : []), ...ENGLISH];
  }

  /** The first and most exact one, as it was spoken. Null: none, or only past ones. */
  find(sentence: string): string | null {
    const present = sentence.replace(PAST, (past) => ' '.repeat(past.length));
    for (const pattern of this.#patterns) {
      const found = pattern.exec(present);
      if (found) return found[0].trim();
    }
    return null;
  }
}
