/** `/v2/recordings/participant` and `/v2/recordings/participant/track`: start, stop, list, get, delete. */
import { z } from 'zod';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import { callbackOf } from '../callback.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { idempotencyHeaders, newIdOf } from '../idempotency.ts';
import { sendJsonText } from '../json-text.ts';
import { askedDelivery } from '../start-delivery.ts';
import {
  participantStart,
  participantStop,
  type StartFields,
  type StopFields,
  toSubject,
  toSubjectName,
  trackStart,
  trackStop,
} from '../start-subject.ts';
import { toWireIndividual, wireIndividualRecording } from '../wire-individual-recording.ts';
import { listRoute, oneRoutes, readable } from './reading-recordings.ts';

const ID_HEADER = 'x-recording-id';
const text = { 200: z.string(), default: errorEnvelope };

/** Both forms are asked for in the same way. */
interface Form {
  readonly kind: 'participant' | 'track';
  readonly path: string;
  readonly what: string;
  readonly start: (allowed: true | readonly string[]) => z.ZodType<StartFields>;
  readonly stop: z.ZodType<StopFields>;
}
const FORMS: readonly Form[] = [
  {
    kind: 'participant',
    path: '/v2/recordings/participant',
    what: "a participant's camera and microphone",
    start: participantStart,
    stop: participantStop,
  },
  {
    kind: 'track',
    path: '/v2/recordings/participant/track',
    what: 'one track of a participant',
    start: trackStart,
    stop: trackStop,
  },
];

export const individualRecordingRoutes = (app: App, context: ApiContext): void => {
  for (const form of FORMS) {
    formRoutes(app, context, form);
    const { kind, path } = form;
    const individual = readable({ kind, path, wire: wireIndividualRecording, toWire: toWireIndividual });
    listRoute(app, context, individual);
    oneRoutes(app, context, individual);
  }
};

const formRoutes = (app: App, { ports, access, config }: ApiContext, { kind, path, what, start, stop }: Form): void => {
  const tags = [`${kind} recordings`];
  app.post(
    `${path}/start`,
    {
      config: { once: true },
      schema: {
        tags,
        summary: `Start recording ${what}`,
        description: 'The id of the recording is in the header `X-Recording-Id`.',
        body: start(config.allowPrivateUrls),
        headers: idempotencyHeaders,
        response: text,
      },
    },
    async (request, reply) => {
      const asked = toSubject(request.body);
      const room = await access.find(callerOf(request), request.body.roomId);
      const directory = { name: 'bucketDirPath', value: request.body.bucketDirPath };
      const options = { roomId: room.roomId, ...asked, ...askedDelivery({ directory }, config, new Date()) };
      const callback = callbackOf(request, request.body.webhookUrl, config.publicUrl);
      const recording = await ports.recordings.start({ ...options, ...callback, id: newIdOf(request) });
      reply.header(ID_HEADER, recording.id);
      return sendJsonText(reply, `${kind} recording started successfully.`);
    },
  );
  app.post(
    `${path}/stop`,
    { schema: { tags, summary: `End recording ${what}`, body: stop, response: text } },
    async (request, reply) => {
      const room = await access.find(callerOf(request), request.body.roomId);
      const subject = toSubjectName(request.body);
      const recording = await ports.recordings.stop({ roomId: room.roomId, recordingId: null, subject });
      reply.header(ID_HEADER, recording.id);
      return sendJsonText(reply, `${kind} recording ended successfully.`);
    },
  );
};
