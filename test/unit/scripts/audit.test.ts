/** What an audit of dependencies makes of the registry's answer. */
import { expect, test } from 'vitest';
import { judge } from '../../../scripts/audit.ts';

const URL_OF = (id: string): string => `https://github.com/advisories/${id}`;
const REPORT = JSON.stringify({
  auditReportVersion: 2,
  vulnerabilities: {
    parser: {
      name: 'parser',
      severity: 'high',
      via: [{ source: 1, name: 'parser', title: 'Runs what it reads', url: URL_OF('GHSA-1'), severity: 'high' }],
    },
    above: { name: 'above', severity: 'high', via: ['parser'] },
    logger: {
      name: 'logger',
      severity: 'low',
      via: [{ source: 2, name: 'logger', title: 'Is slow', url: URL_OF('GHSA-2'), severity: 'low' }],
    },
  },
  metadata: {},
});
const exception = (until: string) => [
  { advisory: URL_OF('GHSA-1'), reason: 'Only our own settings are parsed by it.', until },
];

test('grave findings fail, once each; minor ones are counted', () => {
  expect(judge(REPORT, [], '2026-01-01')).toEqual({
    kind: 'judged',
    grave: [`parser: Runs what it reads (high, ${URL_OF('GHSA-1')})`],
    excepted: 0,
    minor: 1,
  });
});

test('an exception holds until its day', () => {
  expect(judge(REPORT, exception('2026-01-01'), '2026-01-01')).toMatchObject({ grave: [], excepted: 1 });
  expect(judge(REPORT, exception('2025-12-31'), '2026-01-01')).toMatchObject({ excepted: 0 });
});

test('a registry that knows no audits is told apart from one that finds nothing', () => {
  expect(judge('{"statusCode": 405, "message": "…"}', [], '2026-01-01')).toEqual({
    kind: 'impossible',
    reason: 'the registry answered 405',
  });
  for (const nothing of ['', '{"error": {"code": "ENOTFOUND"}}']) {
    expect(judge(nothing, [], '2026-01-01').kind).toBe('impossible');
  }
  expect(judge('{"vulnerabilities": {}}', [], '2026-01-01')).toEqual({
    kind: 'judged',
    grave: [],
    excepted: 0,
    minor: 0,
  });
});
