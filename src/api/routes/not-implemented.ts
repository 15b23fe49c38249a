/** Documented calls that this server can't do yet: 501 with their name, so that nobody takes a 404 for a typo. */
import { RoomtapeError } from '../../domain/errors.ts';
import type { App } from '../api-context.ts';

const CALLS: readonly (readonly [path: string, name: string])[] = [
  ['/v2/hls', 'HLS'],
  ['/v2/livestreams', 'RTMP livestreaming'],
  ['/v2/whip', "WHIP at VideoSDK's address (use /whip/{roomId})"],
  ['/v2/whep', "WHEP at VideoSDK's address (use /whep/{roomId}/{participantId})"],
  [
    '/ai/v1/realtime-transcriptions',
    'Realtime transcription without a recording (captions: GET /v2/rooms/{roomId}/captions)',
  ],
];

export const notImplementedRoutes = (app: App): void => {
  const refuse = (name: string) => async () => {
    throw new RoomtapeError('NOT_IMPLEMENTED', `${name} is not implemented yet.`);
  };
  for (const [path, name] of CALLS) {
    for (const url of [path, `${path}/*`]) {
      app.route({
        method: ['GET', 'POST', 'DELETE', 'PUT', 'PATCH'],
        url,
        schema: { hide: true },
        handler: refuse(name),
      });
    }
  }
  for (const url of ['/v2/sessions/:sessionId/stats', '/v2/sessions/:sessionId/participant/:participantId/stats']) {
    app.get(url, { schema: { hide: true } }, refuse('Quality statistics'));
  }
};
