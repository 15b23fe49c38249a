/**
 * The layout of recordings, changed from inside the room: a message on the topic `RECORDING_LAYOUT` whose payload is
 * `{"layout":{"type":"SIDEBAR","gridSize":4,"priority":"PIN"}}`. It concerns the recordings that run when it is sent; one that begins
 * later begins as its start call says.
 */
import { z } from 'zod';
import { RoomtapeError } from '../domain/errors.ts';
import { isEmptyChange, type LayoutChange } from '../domain/layout-change.ts';
import type { RoomSession } from './room-session.ts';

export const RECORDING_LAYOUT_TOPIC = 'RECORDING_LAYOUT';

const payloadSchema = z.object({
  layout: z.object({
    type: z.enum(['GRID', 'SPOTLIGHT', 'SIDEBAR']).nullish(),
    priority: z.enum(['SPEAKER', 'PIN']).nullish(),
    gridSize: z.number().int().min(0).max(25).nullish(),
  }),
});

const EXAMPLE = '{"layout":{"type":"SIDEBAR","gridSize":4,"priority":"PIN"}}';

/** What a message on the topic asks for. INVALID_REQUEST with the field that is wrong. */
export const readLayoutMessage = (payload: string): LayoutChange => {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch (cause) {
    throw new RoomtapeError('INVALID_REQUEST', `"payload" of ${RECORDING_LAYOUT_TOPIC} is not JSON; try ${EXAMPLE}.`, {
      cause,
    });
  }
  const parsed = payloadSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = ['payload', ...(issue?.path ?? [])].join('.');
    throw new RoomtapeError('INVALID_REQUEST', `"${field}" of ${RECORDING_LAYOUT_TOPIC}: ${issue?.message ?? ''}`);
  }
  if (isEmptyChange(parsed.data.layout)) {
    const text = `"payload.layout" of ${RECORDING_LAYOUT_TOPIC} names nothing to change; try ${EXAMPLE}.`;
    throw new RoomtapeError('INVALID_REQUEST', text);
  }
  return parsed.data.layout;
};

/** Changes every recording of the session that runs now. NOT_PERMITTED for who may not moderate; INVALID_REQUEST. */
export const changeLayouts = async (session: RoomSession, canModerate: boolean, payload: string): Promise<void> => {
  if (!canModerate) {
    const text = 'Changing the layout of the recording needs a token with the permission "allow_mod".';
    throw new RoomtapeError('NOT_PERMITTED', text);
  }
  const change = readLayoutMessage(payload);
  await session.recordings.changeAllLayouts(change);
};
