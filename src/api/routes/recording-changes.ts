/** What may be done to a recording while it runs. Ours: nothing like it is published. */
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import { isEmptyChange } from '../../domain/layout-change.ts';
import type { ApiContext, App } from '../api-context.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { recordingAnswers } from '../recording-answers.ts';
import { recordingConfigFields } from '../start-recording.ts';
import { wireRecording } from '../wire-recording.ts';

const params = z.object({ recordingId: z.string() });
const changeBody = z.object({ config: recordingConfigFields });
/** Decided by the start call for the whole file. */
const FIXED = ['theme', 'mode', 'quality', 'orientation'] as const;

/** The layout asked for. INVALID_REQUEST where nothing is, or something that cannot change. */
const layoutOf = (config: z.infer<typeof recordingConfigFields>) => {
  const fixed = FIXED.find((field) => config[field] !== undefined);
  if (fixed) {
    const text = `"config.${fixed}" cannot change while it is recorded; compose the recording again afterwards.`;
    throw new RoomtapeError('INVALID_REQUEST', text);
  }
  const { layout = {} } = config;
  if (isEmptyChange(layout)) {
    const text = '"config.layout" names nothing to change: give "type", "priority" or "gridSize".';
    throw new RoomtapeError('INVALID_REQUEST', text);
  }
  return layout;
};

export const recordingChangeRoutes = (app: App, context: ApiContext): void => {
  const { ports } = context;
  const { find, wire } = recordingAnswers(context);
  const tags = ['recordings'];
  const response = { 200: wireRecording, default: errorEnvelope };

  app.patch(
    '/v2/recordings/:recordingId',
    {
      schema: {
        tags,
        summary: 'Change the layout of a running recording',
        description:
          'From this moment on. What is left out stays as it is. 409 `RECORDING_NOT_RUNNING` once it is over.',
        params,
        body: changeBody,
        response,
      },
    },
    async (request) => {
      const { id } = await find(request, request.params.recordingId);
      return wire(request, await ports.recordings.changeLayout(id, layoutOf(request.body.config)));
    },
  );

  const verbs = [
    [
      'pause',
      'Pause a recording',
      'Nothing is written down until it is resumed; the file has a clean cut there.',
      '409 `RECORDING_PAUSED` where it is paused already',
    ],
    [
      'resume',
      'Resume a paused recording',
      'The same file goes on.',
      '409 `RECORDING_NOT_PAUSED` where it is not paused',
    ],
  ] as const;
  for (const [verb, summary, text, refusal] of verbs) {
    const description = `${text} ${refusal}, \`RECORDING_NOT_RUNNING\` once it is over.`;
    app.post(
      `/v2/recordings/:recordingId/${verb}`,
      { schema: { tags, summary, description, params, response } },
      async (request) => {
        const { id } = await find(request, request.params.recordingId);
        return wire(request, await ports.recordings[verb](id));
      },
    );
  }
};
