/**
 * Known holes in what we depend on, as the registry tells (`npm audit`): fails for those of high and critical severity, unless
 * `audit-exceptions.json` names them with a reason and a day until which that holds. Where the registry answers no such question, says
 * so and passes: no test may need the internet.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The registry may be away; nobody waits for it longer. */
const LIMIT_MS = 45_000;
const EXCEPTIONS = new URL('../audit-exceptions.json', import.meta.url);
const GRAVE = ['high', 'critical'];

const advisory = z.object({ url: z.string(), title: z.string(), severity: z.string(), name: z.string() });
const report = z.object({
  vulnerabilities: z.record(z.string(), z.object({ via: z.array(z.union([advisory, z.string()])) })),
});
const exceptions = z.array(
  z.strictObject({
    /** Address of the advisory, as the report has it. */
    advisory: z.string(),
    /** Why it does not concern us, or what we do about it. */
    reason: z.string().min(20),
    /** A day, ISO 8601: then it is looked at again. */
    until: z.iso.date(),
  }),
);
export type Exceptions = z.infer<typeof exceptions>;

export type Verdict =
  | { readonly kind: 'impossible'; readonly reason: string }
  | { readonly kind: 'judged'; readonly grave: readonly string[]; readonly excepted: number; readonly minor: number };

/** What `npm audit --json` wrote, judged. `today`: ISO 8601. */
export const judge = (json: string, excepted: Exceptions, today: string): Verdict => {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { kind: 'impossible', reason: 'npm gave no report' };
  }
  const { success, data } = report.safeParse(value);
  if (!success) {
    const status = z.object({ statusCode: z.number() }).safeParse(value).data?.statusCode;
    return { kind: 'impossible', reason: status ? `the registry answered ${status}` : 'npm gave no report' };
  }
  const found = new Map<string, z.infer<typeof advisory>>();
  for (const { via } of Object.values(data.vulnerabilities)) {
    for (const one of via) if (typeof one !== 'string') found.set(one.url, one);
  }
  const isExcepted = (url: string): boolean => excepted.some((one) => one.advisory === url && one.until >= today);
  const grave = [...found.values()].filter(({ severity }) => GRAVE.includes(severity));
  return {
    kind: 'judged',
    grave: grave
      .filter(({ url }) => !isExcepted(url))
      .map(({ name, severity, title, url }) => `${name}: ${title} (${severity}, ${url})`),
    excepted: grave.filter(({ url }) => isExcepted(url)).length,
    minor: found.size - grave.length,
  };
};

const main = (): void => {
  const excepted = exceptions.parse(JSON.parse(readFileSync(EXCEPTIONS, 'utf8')));
  const { stdout, error } = spawnSync('npm', ['audit', '--json'], { encoding: 'utf8', timeout: LIMIT_MS });
  const today = new Date().toISOString().slice(0, 10);
  const verdict: Verdict = error ? { kind: 'impossible', reason: error.message } : judge(stdout, excepted, today);
  if (verdict.kind === 'impossible') {
    console.log(`  The audit of dependencies was not possible here: ${verdict.reason}.`);
    return;
  }
  console.log(`  ${verdict.grave.length} grave, ${verdict.excepted} excepted, ${verdict.minor} minor findings.`);
  for (const words of verdict.grave) console.error(`  ${words}`);
  if (verdict.grave.length === 0) return;
  console.error('  Update what has the hole, or say in audit-exceptions.json why it does not concern us.');
  process.exitCode = 1;
};

if (import.meta.main) main();
