/** What routes about one recording share: finding it within what the caller may see, and telling it. */
import type { FastifyRequest } from 'fastify';
import { RoomtapeError } from '../domain/errors.ts';
import type { RecordingKind } from '../domain/recording.ts';
import { type ApiContext, callerOf } from './api-context.ts';
import { baseUrlOf } from './base-url.ts';
import type { RecordingView } from './ports.ts';
import type { Around } from './wire-common.ts';
import { toWireRecording, type WireRecording } from './wire-recording.ts';

/** Where recordings of each kind stand. */
const PATHS: Record<RecordingKind, string> = {
  room: '/v2/recordings/{id}',
  participant: '/v2/recordings/participant/{id}',
  track: '/v2/recordings/participant/track/{id}',
  composite: '/v2/recordings/composite/{id}',
  merge: '/v2/recordings/participant/merge/{id}',
};

export interface RecordingAnswers {
  /** RECORDING_NOT_FOUND, NOT_PERMITTED (the token is bound to another room). */
  find(request: FastifyRequest, recordingId: string): Promise<RecordingView>;
  around(request: FastifyRequest): Around;
  wire(request: FastifyRequest, recording: RecordingView): WireRecording;
}

/** For recordings of one kind: the others have addresses of their own, and are not found here. */
export const recordingAnswers = (
  { ports, config, access, userId, fileUrls }: ApiContext,
  kind: RecordingKind = 'room',
): RecordingAnswers => {
  const around = (request: FastifyRequest): Around => {
    const baseUrl = baseUrlOf(request, config.publicUrl);
    const now = Date.now();
    return { userId, baseUrl, fileUrlOf: (fileId) => fileUrls.sign(baseUrl, fileId, now) };
  };
  return {
    around,
    wire: (request, recording) => toWireRecording(recording, around(request)),
    find: async (request, recordingId) => {
      const recording = await ports.recordings.find(recordingId);
      if (!recording) throw new RoomtapeError('RECORDING_NOT_FOUND', 'Recording not found.');
      await access.assertWithin(callerOf(request), recording.roomId);
      const { kind: found } = recording.subject;
      if (found === kind) return recording;
      const text = `Recording not found: "${recordingId}" is a ${found} recording, see ${PATHS[found]}.`;
      throw new RoomtapeError('RECORDING_NOT_FOUND', text);
    },
  };
};
