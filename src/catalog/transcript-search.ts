/**
 * Finding words in a transcription. Postgres's full-text search, by the rules of each utterance's language (words in any of their forms, phrases
 * in quotes, `or`, `-`); and beside it plain finding of every part of the query, without which nothing would be found in scripts that put
 * no space between words.
 */
import { sql } from 'kysely';
import type { TranscriptionId } from '../domain/ids.ts';
import type { Catalog } from './database.ts';
import { containing, offsetOf, type Page, type PageRequest } from './paging.ts';
import { foldedForSearch, searchConfiguration } from './search-languages.ts';
import type { UtteranceRow } from './tables.ts';

/** Around what was found, in texts that have no control characters. */
const [OPEN, CLOSE] = ['\u0002', '\u0003'];

/** Postgres reads no words in what looks like a tag, and makes one space of it: without brackets there is none, and places stay where they are. */
const UNTAGGED = sql`translate(u.folded, '<>', '  ')`;

export interface FoundUtterance {
  readonly utterance: UtteranceRow;
  /** What was found in its text, from and up to these UTF-16 units; in order, apart from each other. */
  readonly highlights: readonly { readonly from: number; readonly to: number }[];
}

/** The parts of a query that are looked for as they stand; what is to be absent, and operators, are not. */
const partsOf = (query: string): string[] => {
  const parts = [...query.matchAll(/(-?)"([^"]*)"|(\S+)/g)].flatMap(([, minus, phrase, word]) => {
    if (phrase !== undefined) return minus === '-' ? [] : [phrase.trim()];
    return word === undefined || word.startsWith('-') ? [] : [word.replaceAll('"', '')];
  });
  return parts.filter((part) => part !== '');
};

/** True where a query says more than words that all have to be there. */
const hasOperators = (query: string): boolean => /(?:^|\s)(?:-\S|or(?:\s|$))/i.test(query);

/** Those of a transcription in which the query is found, by start. */
export const searchUtterances = async (
  catalog: Catalog,
  request: PageRequest & { id: TranscriptionId; language: string | null; query: string },
): Promise<Page<FoundUtterance>> => {
  const query = foldedForSearch(request.query);
  const configurations = await configurationsOf(catalog, request.id, request.language);
  const parts = partsOf(query);
  // What `or` and `-` mean only full-text search knows.
  const plain = hasOperators(query) ? [] : parts;
  const all = sql.join(
    plain.map((part) => sql`u.folded like ${containing(part)}`),
    sql` and `,
  );
  const matches = sql`
    from utterances u
    join unnest(${configurations.map(({ language }) => language)}::text[], ${configurations.map(({ configuration }) => configuration)}::text[])
      as c (language, configuration) on c.language = coalesce(u.language, '')
    where u.transcription_id = ${request.id}
      and (to_tsvector(c.configuration::regconfig, ${UNTAGGED}) @@ websearch_to_tsquery(c.configuration::regconfig, ${query})
        ${plain.length > 0 ? sql`or (${all})` : sql``})`;
  const { rows: counted } = await sql<{ total: number }>`select count(*) as total ${matches}`.execute(catalog);
  const { rows } = await sql<UtteranceRow & { headline: string }>`
    select u.*, ts_headline(c.configuration::regconfig, ${UNTAGGED}, websearch_to_tsquery(c.configuration::regconfig, ${query}),
      ${`StartSel=${OPEN},StopSel=${CLOSE},HighlightAll=true`}) as headline
    ${matches}
    order by u.start_seconds, u.speaker_id limit ${request.perPage} offset ${offsetOf(request)}`.execute(catalog);
  const items = rows.map(({ headline, ...utterance }) => ({
    utterance,
    highlights: highlightsIn(utterance, headline, plain),
  }));
  return { items, total: counted[0]?.total ?? 0 };
};

/** By which rules the utterances of each of its languages are searched; '' is those of none. */
const configurationsOf = async (catalog: Catalog, id: TranscriptionId, main: string | null) => {
  const rows = await catalog
    .selectFrom('utterances')
    .select('language')
    .distinct()
    .where('transcription_id', '=', id)
    .execute();
  return rows.map(({ language }) => ({
    language: language ?? '',
    configuration: searchConfiguration(language ?? main),
  }));
};

const highlightsIn = (
  { text, folded }: UtteranceRow,
  headline: string,
  parts: readonly string[],
): FoundUtterance['highlights'] => {
  // A few letters change their length when they become small: then it is not known where in the text something was found.
  if (folded.length !== text.length) return [];
  const found = [...markedIn(headline), ...parts.flatMap((part) => placesOf(part, folded))];
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of found.sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
};

const markedIn = (headline: string): { from: number; to: number }[] => {
  const found: { from: number; to: number }[] = [];
  let marks = 0;
  let from = 0;
  for (let at = 0; at < headline.length; at += 1) {
    if (headline[at] === OPEN) from = at - marks++;
    else if (headline[at] === CLOSE) found.push({ from, to: at - marks++ });
  }
  return found;
};

const placesOf = (part: string, folded: string): { from: number; to: number }[] => {
  const found: { from: number; to: number }[] = [];
  for (let from = folded.indexOf(part); from >= 0; from = folded.indexOf(part, from + part.length)) {
    found.push({ from, to: from + part.length });
  }
  return found;
};
