/**
 * docs/reliability.md holds the newest table of every soak, each between two marks: `<!-- soak NAME -->` and `<!-- end of NAME -->`. What
 * stands between them is written by `npm run soak -- NAME --record`, everything else by people.
 */

/** The page with another text between the marks of this soak. Throws with a sentence where the page has no such marks. */
export const withTable = (page: string, name: string, text: string): string => {
  const [begin, end] = [`<!-- soak ${name} -->`, `<!-- end of ${name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) {
    throw new Error(
      `docs/reliability.md has no place for "${name}": put "${begin}" and "${end}" where its table belongs.`,
    );
  }
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`;
};
