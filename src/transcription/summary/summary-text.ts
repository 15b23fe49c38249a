/**
 * A summary as the text of its `-summary.txt`: for people, in a mail or a terminal. Every point ends with the times it rests on. Texts may
 * run from right to left: each stands alone in its line, with the times (which run from left to right) in brackets behind it.
 */
import type { ActionItem, Claim, Summary, SummarySection } from '../../domain/summary.ts';
import { clock } from './moments.ts';

/** More than these are no help to somebody who looks something up; all of them are in the JSON. */
const MOST_TIMES = 4;

const timesOf = ({ moments }: Claim): string => {
  const shown = [...new Set(moments.map(({ start }) => clock(start)))];
  return `[${shown.slice(0, MOST_TIMES).join(', ')}${shown.length > MOST_TIMES ? ', …' : ''}]`;
};

const heading = (words: string): string => `${words}\n${'-'.repeat(Math.min(60, [...words].length))}`;

const point = (claim: Claim, words: string = claim.text): string => `- ${words} ${timesOf(claim)}`;

/** Quoted sentences say who said them; a model's claims say it where it matters. */
const quoted = (claim: Claim): string => {
  const [first] = claim.moments;
  return point(claim, first ? `${first.speaker}: ${claim.text}` : claim.text);
};

const block = (title: string, lines: readonly string[]): string | null =>
  lines.length === 0 ? null : `${heading(title)}\n${lines.join('\n')}`;

const sectionBlock = (section: SummarySection): string | null => {
  const lines = section.points.map((claim) => point(claim));
  return section.heading === '' ? lines.join('\n') || null : block(section.heading, lines);
};

const percent = (share: number): string => `${Math.round(share * 100)} %`;

const facts = (summary: Summary): string => {
  const people = summary.participants.filter(({ kind }) => kind === 'microphone').length;
  const parts = [`Length ${clock(summary.durationSeconds)}`, `${people} ${people === 1 ? 'speaker' : 'speakers'}`];
  if (summary.language !== null) parts.push(`language ${summary.language}`);
  return [...parts, `made by ${summary.engine}`].join(' · ');
};

const costs = ({ usage }: Summary): string | null => {
  if (usage === null) return null;
  const tokens = `${usage.promptTokens} tokens read, ${usage.completionTokens} written${usage.estimated ? ' (estimated)' : ''}`;
  const price = usage.cost ? `, ${usage.cost.amount} ${usage.cost.currency}` : '';
  return `Model: ${tokens}, ${usage.calls} ${usage.calls === 1 ? 'call' : 'calls'}${price}.`;
};

const titled = ({ title }: Summary): string => `${title}\n${'='.repeat(Math.min(60, [...title].length))}`;

const chaptersBlock = ({ chapters }: Summary): string | null =>
  block(
    'Chapters',
    chapters.map(({ start, title }) => `${clock(start).padStart(7)}  ${title}`),
  );

const talkTimeBlock = ({ participants }: Summary): string | null =>
  block(
    'Talk time',
    participants.map(
      ({ name, talkSeconds, share }) => `${clock(talkSeconds).padStart(7)}  ${percent(share).padStart(5)}  ${name}`,
    ),
  );

const itemLine = (item: ActionItem, words: string): string => {
  const due = item.due === null || words.includes(item.due) ? '' : ` (${item.due})`;
  return point(item, `${item.owner ?? 'Nobody named'}: ${words}${due}`);
};

/** What to do comes first; then what was said, chapter by chapter. */
const digestBlocks = (summary: Summary): (string | null)[] => [
  block('Decisions', summary.decisions.map(quoted)),
  block(
    'Action items',
    summary.actionItems.map((item) => itemLine(item, `“${item.text}”`)),
  ),
  ...summary.sections.map(({ heading: topic, points }, index) => {
    const chapter = summary.chapters[index];
    return [heading(chapter ? `${clock(chapter.start)}  ${topic}` : topic), ...points.map(quoted)].join('\n');
  }),
  block(
    'Dates',
    summary.dates.map((date) => point(date, `${date.spoken} — ${date.text}`)),
  ),
  talkTimeBlock(summary),
];

/** What the prompt asked for is in the sections. The standard one asks for action items and not for decisions. */
const modelBlocks = (summary: Summary): (string | null)[] => {
  const isStandard = summary.prompt === 'standard';
  const hasItems = summary.sections.some(({ heading: words }) => /action/iu.test(words));
  return [
    ...summary.sections.map(sectionBlock),
    isStandard
      ? block(
          'Decisions',
          summary.decisions.map((claim) => point(claim)),
        )
      : null,
    isStandard && !hasItems
      ? block(
          'Action items',
          summary.actionItems.map((item) => itemLine(item, item.text)),
        )
      : null,
    chaptersBlock(summary),
    talkTimeBlock(summary),
    costs(summary),
  ];
};

/** The text, ending with a newline. */
export const summaryText = (summary: Summary): string => {
  const blocks = [
    titled(summary),
    [facts(summary), ...summary.notes].join('\n'),
    ...(summary.method === 'extractive' ? digestBlocks(summary) : modelBlocks(summary)),
  ];
  return `${blocks.filter((part) => part !== null).join('\n\n')}\n`;
};
