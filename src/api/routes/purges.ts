/** `DELETE /v2/recordings/{recordingId}/participants/{participantId}`: one participant's media is taken out of a recording of any kind. */
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { toWirePurge, wirePurge } from '../wire-purge.ts';

export const purgeRoutes = (app: App, { ports, access }: ApiContext): void => {
  app.delete(
    '/v2/recordings/:recordingId/participants/:participantId',
    {
      schema: {
        tags: ['recordings'],
        summary: 'Purge a participant from a recording',
        description:
          'The recording has ended. Its files are gone when this is answered; the journal is rewritten without the participant, and a room or ' +
          'composite recording is composed anew. 202 while that goes on; ask again, or GET the recording (`purges`), to see how far it is. ' +
          'The copy in the bucket is replaced; what went to a presigned URL is not reached.',
        params: z.object({ recordingId: z.string(), participantId: z.string() }),
        response: { 200: wirePurge, 202: wirePurge, default: errorEnvelope },
      },
    },
    async (request, reply) => {
      const { recordingId, participantId } = request.params;
      const recording = await ports.recordings.find(recordingId);
      if (!recording) throw new RoomtapeError('RECORDING_NOT_FOUND', 'Recording not found.');
      await access.assertWithin(callerOf(request), recording.roomId);
      const purge = await ports.recordings.purge(recording.id, participantId);
      return reply.code(purge.status === 'done' ? 200 : 202).send(toWirePurge(purge));
    },
  );
};
