/** Paths to methods. */
import { expect, it } from 'vitest';
import { AllowedMethods } from '../../../src/api/allowed-methods.ts';

it('knows the methods of every path that a pattern covers', () => {
  const allowed = new AllowedMethods();
  allowed.add('/v2/rooms', 'POST');
  allowed.add('/v2/rooms', ['GET', 'HEAD']);
  allowed.add('/v2/rooms/:roomId', 'GET');
  allowed.add('/v2/rooms/deactivate', 'POST');
  allowed.add('/v2/hls/*', ['GET']);
  allowed.add('/openapi.json', 'GET');
  allowed.add('/', 'GET');
  expect(allowed.of('/v2/rooms')).toEqual(['GET', 'HEAD', 'POST']);
  expect(allowed.of('/v2/rooms/')).toEqual(['GET', 'HEAD', 'POST']);
  expect(allowed.of('/v2/rooms/deactivate')).toEqual(['GET', 'POST']);
  expect(allowed.of('/v2/rooms/a/b')).toEqual([]);
  expect(allowed.of('/v2/hls/a/b')).toEqual(['GET']);
  expect(allowed.of('/openapi-json')).toEqual([]);
  expect(allowed.of('/')).toEqual(['GET']);
});
