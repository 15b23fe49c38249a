/**
 * Puts zod's findings into sentences: the field's path, what was received, what it must be. Used for bodies, queries and paths.
 */
import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { RoomtapeError } from '../domain/errors.ts';

type Issue = z.core.$ZodIssue;

/** Long enough to recognise a value, short enough for a log line. */
const SHOWN_CHARACTERS = 60;
/** More findings than this help nobody. */
const MOST_FINDINGS = 5;

const pathOf = (issue: Issue): string =>
  issue.path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${String(step)}`))
    .join('');

const valueAt = (data: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    data,
  );

/** Names of fields whose values never appear in an answer or a log, and URLs wherever they stand: paths and queries are secrets. */
const SECRET = /url|end_?point|token|secret|credential|password|signature|:\/\//i;

const shown = (value: unknown, path: string): string => {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  const json = JSON.stringify(value) ?? String(value);
  if (SECRET.test(path) || SECRET.test(json)) return 'not acceptable';
  return `${json.slice(0, SHOWN_CHARACTERS)}${json.length > SHOWN_CHARACTERS ? '…' : ''}`;
};

const TYPES: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
};

/** What lengths and numbers are told in. */
const bound = (issue: Extract<Issue, { code: 'too_small' | 'too_big' }>, limit: number | bigint): string => {
  const side = issue.code === 'too_small' ? 'least' : 'most';
  switch (issue.origin) {
    case 'number':
    case 'int':
      return `must be at ${side} ${limit}`;
    case 'array':
      return `must have at ${side} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
    default:
      return `must not be ${issue.code === 'too_small' ? 'shorter' : 'longer'} than ${limit}`;
  }
};

const expectation = (issue: Issue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[issue.expected] ?? `a ${issue.expected}`}`;
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'too_small':
      return bound(issue, issue.minimum);
    case 'too_big':
      return bound(issue, issue.maximum);
    default:
      return issue.message;
  }
};

/** Of a union's branches the one that came furthest tells most. */
const innermost = (issue: Issue): Issue => {
  if (issue.code !== 'invalid_union') return issue;
  const branches = issue.errors.map((branch) => branch[0]).filter((branch) => branch !== undefined);
  const deepest = branches.toSorted((a, b) => b.path.length - a.path.length)[0];
  return deepest ? innermost({ ...deepest, path: [...issue.path, ...deepest.path] }) : issue;
};

const sentence = (outer: Issue, data: unknown, whole: string): string => {
  const issue = innermost(outer);
  const path = pathOf(issue);
  const value = valueAt(data, issue.path);
  if (path === '') return `${whole} ${expectation(issue)}.`;
  if (value === undefined) return `"${path}" is missing: it ${expectation(issue)}.`;
  return `"${path}" is ${shown(value, path)}: it ${expectation(issue)}.`;
};

/** The findings as one message. `whole` names the thing itself: "The body". */
export const describeIssues = (error: z.ZodError, data: unknown, whole: string): string => {
  const sentences = error.issues.slice(0, MOST_FINDINGS).map((issue) => sentence(issue, data, whole));
  return sentences.join(' ');
};

const PARTS: Readonly<Record<string, string>> = {
  body: 'The body',
  querystring: 'The query',
  params: 'The path',
  headers: 'The header',
};

/** Fastify's validator: what passes is the parsed (defaulted, coerced) value. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (data: unknown) => {
    const result = schema.safeParse(data);
    if (result.success) return { value: result.data };
    const whole = PARTS[httpPart ?? ''] ?? 'The request';
    return { error: new RoomtapeError('INVALID_REQUEST', describeIssues(result.error, data, whole)) };
  };
