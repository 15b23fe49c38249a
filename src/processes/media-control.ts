/** The workflow's and the API's view of the media process, on the media client. */
import type { MediaPort } from '../api/ports.ts';
import { DEFAULT_GRID_SIZE, type LayoutChange } from '../domain/layout-change.ts';
import type { MediaControl } from '../recordings/ports.ts';
import type { MediaClient } from '../rooms/media-client.ts';

/** What is named, and nothing else. */
const asked = ({ type, priority, gridSize }: LayoutChange) => ({
  ...(type ? { type } : {}),
  ...(priority ? { priority } : {}),
  ...(gridSize === null || gridSize === undefined ? {} : { gridSize: gridSize || DEFAULT_GRID_SIZE }),
});

/** Sessions and recordings. */
export const mediaControl = (client: MediaClient): MediaControl => ({
  sessionOf: async (roomId) => (await client.request('session.of', { roomId })).session,
  startRecording: (options) => client.request('recording.start', options),
  stopRecording: (recordingId, reason) => client.request('recording.stop', { recordingId, reason }),
  changeLayout: (recordingId, change) => client.request('recording.layout', { recordingId, change: asked(change) }),
  pauseRecording: (recordingId) => client.request('recording.pause', { recordingId }),
  resumeRecording: (recordingId) => client.request('recording.resume', { recordingId }),
  endSession: async (roomId, reason) => (await client.request('session.end', { roomId, reason })).ended,
  removeParticipant: async (roomId, participantId) =>
    (await client.request('participant.remove', { roomId, participantId })).removed,
});

/** Publishing, watching and room sockets. */
export const mediaPort = (client: MediaClient): MediaPort => ({
  publish: (claims, offer) => client.request('whip.publish', { claims, offer }),
  subscribe: (claims, participantId, offer) => client.request('whep.subscribe', { claims, participantId, offer }),
  deleteResource: async (roomId, resourceId) =>
    (await client.request('resource.delete', { roomId, resourceId })).deleted,
  openChannel: (claims, handlers) => client.openChannel(claims, handlers),
});
