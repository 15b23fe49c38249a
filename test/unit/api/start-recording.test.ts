/** What a start call becomes. Wrong values and their messages: test/contract/api/refusals.test.ts. */
import { describe, expect, it } from 'vitest';
import { startBody, toRecordingConfig } from '../../../src/api/start-recording.ts';

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
    expect(() => configOf({ templateUrl: 'https://example.org/' })).toThrow('"templateUrl" is not implemented yet.');
  });
});
