/** What every refusal looks like. */
import { expect } from 'vitest';
import type { Answer } from './running-api.ts';

export const expectRefusal = (answer: Answer, status: number, code: string, message: RegExp): void => {
  expect(answer.body).toEqual({
    statusCode: status,
    code,
    error: expect.stringMatching(message),
    message: answer.body.error,
  });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toContain('application/json');
  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
};
