/** Where URLs may lead, and what a start call becomes. Wrong values and their messages: test/contract/api/refusals.test.ts. */
import { describe, expect, it } from 'vitest';
import { outboundUrlProblem } from '../../../src/api/outbound-url.ts';
import { startBody, toRecordingConfig } from '../../../src/api/start-recording.ts';

describe('URLs of callers', () => {
  it.each(['https://example.org/hook', 'https://8.8.8.8/', 'https://[2001:4860:4860::8888]:8443/x'])(
    'lets %s pass',
    (url) => expect(outboundUrlProblem(url, [])).toBeUndefined(),
  );
  it.each([
    'http://example.org',
    'ftp://example.org',
    'example.org',
    'https://localhost/',
    'https://a.localhost/',
    'https://127.0.0.1/',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://10.1.2.3/',
    'https://172.31.0.1/',
    'https://192.168.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://100.64.0.1/',
    'https://[::1]/',
    'https://[fd00::1]/',
    'https://[::ffff:127.0.0.1]/',
    'javascript:alert(1)',
  ])('stops %s', (url) => expect(outboundUrlProblem(url, [])).toBeDefined());

  it('lets through what the operator allows', () => {
    expect(outboundUrlProblem('http://10.1.2.3/', ['10.0.0.0/8'])).toBeUndefined();
    expect(outboundUrlProblem('https://10.1.2.3/', ['10.1.2.3'])).toBeUndefined();
    expect(outboundUrlProblem('https://192.168.0.1/', ['10.0.0.0/8'])).toBeDefined();
    expect(outboundUrlProblem('http://example.org/', ['10.0.0.0/8'])).toBeDefined();
    expect(outboundUrlProblem('http://localhost:9000/', true)).toBeUndefined();
    expect(outboundUrlProblem('ftp://localhost', true)).toBeDefined();
  });
});

describe('a start call', () => {
  const configOf = (body: unknown) => toRecordingConfig(startBody([]).parse(body));
  const defaults = {
    layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
    theme: 'DEFAULT',
    mode: 'video-and-audio',
    quality: 'med',
    orientation: 'landscape',
    fileFormat: 'mp4',
  };
  it('has defaults', () => expect(configOf({})).toEqual(defaults));
  it('takes a grid of 0 for the default', () =>
    expect(configOf({ config: { layout: { gridSize: 0 } } })).toEqual(defaults));
  it('takes what works', () =>
    expect(
      configOf({
        config: {
          layout: { type: 'SIDEBAR', priority: 'PIN', gridSize: 25 },
          theme: 'DARK',
          mode: 'audio',
          quality: 'ultra',
          orientation: 'portrait',
        },
      }),
    ).toEqual({
      ...defaults,
      layout: { type: 'SIDEBAR', priority: 'PIN', gridSize: 25 },
      theme: 'DARK',
      mode: 'audio',
      quality: 'ultra',
      orientation: 'portrait',
    }));
  it('names what does not, before it does anything', () => {
    expect(() => configOf({ onFailure: { action: 'close-room' } })).toThrow('"onFailure" is not implemented yet.');
  });
});
