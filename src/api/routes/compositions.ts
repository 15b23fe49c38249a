/** A recording that is over, composed again with another configuration. Ours: nothing like it is published. */
import { z } from 'zod';
import type { RecordingConfig } from '../../domain/recording.ts';
import type { ApiContext, App } from '../api-context.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { idempotencyHeaders, newIdOf } from '../idempotency.ts';
import { pageOf, pageQuery, toPage } from '../pagination.ts';
import type { CompositionRequest } from '../ports.ts';
import { recordingAnswers } from '../recording-answers.ts';
import { recordingConfigFields, recordingFields, toRecordingConfig } from '../start-recording.ts';
import { toWireComposition, wireComposition } from '../wire-composition.ts';

/** A session has at most 200 participants at once; over a day there may be more. */
const MOST_EXCLUDED = 1000;

const params = z.object({ recordingId: z.string() });
const composeBody = z.object({
  config: recordingConfigFields.extend({
    excludeParticipants: z
      .array(z.string().min(1).max(64))
      .max(MOST_EXCLUDED)
      .nullish()
      .meta({ description: 'Ids of participants who are neither seen nor heard.' }),
  }),
  fileFormat: recordingFields(true).shape.fileFormat,
});

/** What is left out is as it was recorded. */
const requestOf = (body: z.infer<typeof composeBody>, recorded: RecordingConfig): CompositionRequest => {
  const { excludeParticipants, layout, ...asked } = body.config;
  const given = <Field extends keyof typeof asked>(field: Field) => asked[field] ?? recorded[field];
  const config = toRecordingConfig({
    config: {
      layout: { ...recorded.layout, ...withoutGaps(layout ?? {}) },
      theme: given('theme'),
      mode: given('mode'),
      quality: given('quality'),
      orientation: given('orientation'),
    },
    fileFormat: body.fileFormat ?? recorded.fileFormat,
  });
  return { config, fixedLayout: layout !== undefined, excludeParticipants: [...new Set(excludeParticipants ?? [])] };
};

const withoutGaps = <Fields extends object>(fields: Fields): Partial<Fields> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Fields>;

export const compositionRoutes = (app: App, context: ApiContext): void => {
  const { ports } = context;
  const { find, around } = recordingAnswers(context);
  const tags = ['recordings'];

  app.post(
    '/v2/recordings/:recordingId/compositions',
    {
      config: { once: true },
      schema: {
        tags,
        summary: 'Compose a recording again',
        description:
          'With another layout, theme, orientation, quality or mode, or without some participants; what is left out is as it was recorded. 409 `RECORDING_NOT_ENDED` while it runs, 410 `RECORDING_JOURNAL_ERASED` when what was recorded is no longer kept.',
        params,
        body: composeBody,
        headers: idempotencyHeaders,
        response: { 200: wireComposition, default: errorEnvelope },
      },
    },
    async (request) => {
      const recording = await find(request, request.params.recordingId);
      const composition = await ports.recordings.compose(
        recording.id,
        requestOf(request.body, recording.startedWith ?? recording.config),
        { id: newIdOf(request) },
      );
      return toWireComposition(composition, around(request));
    },
  );

  app.get(
    '/v2/recordings/:recordingId/compositions',
    {
      schema: {
        tags,
        summary: 'List what a recording was composed to again',
        params,
        querystring: pageQuery,
        response: { 200: pageOf(wireComposition), default: errorEnvelope },
      },
    },
    async (request) => {
      const { compositions } = await find(request, request.params.recordingId);
      const { page, perPage } = request.query;
      const items = compositions.slice((page - 1) * perPage, page * perPage);
      const facts = around(request);
      return toPage({ page, perPage }, { items, total: compositions.length }, (composition) =>
        toWireComposition(composition, facts),
      );
    },
  );
};
