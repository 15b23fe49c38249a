/** What routes about one recording share: finding it within what the caller may see, and telling it. */
import type { FastifyRequest } from 'fastify';
import { RoomtapeError } from '../domain/errors.ts';
import { type ApiContext, callerOf } from './api-context.ts';
import { baseUrlOf } from './base-url.ts';
import type { RecordingView } from './ports.ts';
import { toWireRecording, type WireRecording } from './wire-recording.ts';

/** What an answer needs besides the recording itself. */
export interface Around {
  readonly userId: string;
  readonly baseUrl: string;
  readonly fileUrlOf: (fileId: string) => string;
}

export interface RecordingAnswers {
  /** RECORDING_NOT_FOUND, NOT_PERMITTED (the token is bound to another room). */
  find(request: FastifyRequest, recordingId: string): Promise<RecordingView>;
  around(request: FastifyRequest): Around;
  wire(request: FastifyRequest, recording: RecordingView): WireRecording;
}

export const recordingAnswers = ({ ports, config, access, userId, fileUrls }: ApiContext): RecordingAnswers => {
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
      // People apart have addresses of their own.
      if (recording?.subject.kind !== 'room') throw new RoomtapeError('RECORDING_NOT_FOUND', 'Recording not found.');
      await access.assertWithin(callerOf(request), recording.roomId);
      return recording;
    },
  };
};
