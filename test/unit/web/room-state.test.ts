import { describe, expect, it } from 'vitest';
import type { ServerMessage } from '../../../src/rooms/protocol.ts';
import { EMPTY_ROOM, type RoomState, reduceRoom } from '../../../web/client/room-state.ts';

type Joined = Extract<ServerMessage, { type: 'joined' }>;
const joined = (changes: Partial<Joined> = {}): Joined => ({
  type: 'joined',
  protocol: 1,
  participantId: 'me',
  sessionId: 'session-1',
  roomId: 'abcd-efgh-ijkl',
  name: 'Marie',
  resumeToken: 'token',
  resumed: false,
  permissions: ['allow_join'],
  participants: [
    { participantId: 'ada', name: 'Ada', pinned: false },
    { participantId: 'me', name: 'Marie', pinned: false },
  ],
  tracks: [{ trackId: 't1', participantId: 'ada', source: 'camera', muted: false }],
  iceServers: [],
  recording: false,
  messages: [],
  ...changes,
});
const play = (state: RoomState, ...messages: ServerMessage[]): RoomState =>
  messages.reduce((present, message) => reduceRoom(present, message, 100_000), state);

describe('the room as told', () => {
  it('begins with what joined says, oneself included even where the server leaves one out', () => {
    expect(play(EMPTY_ROOM, joined()).participants.map(({ participantId }) => participantId)).toEqual(['ada', 'me']);
    expect(play(EMPTY_ROOM, joined({ participants: [] })).participants).toEqual([
      { participantId: 'me', name: 'Marie', pinned: false },
    ]);
  });

  it('takes a participant away with her tracks', () => {
    const state = play(
      EMPTY_ROOM,
      joined(),
      { type: 'active-speaker', participantId: 'ada' },
      { type: 'participant-left', participantId: 'ada', reason: 'left' },
    );
    expect(state).toMatchObject({ tracks: [], activeSpeaker: null, speakers: [] });
    expect(state.participants).toHaveLength(1);
  });

  it('does not double a track or a participant that is told twice', () => {
    const track = { trackId: 't2', participantId: 'ada', source: 'microphone', muted: false } as const;
    const participant = { participantId: 'ada', name: 'Ada', pinned: false };
    const state = play(
      EMPTY_ROOM,
      joined(),
      { type: 'track-published', track },
      { type: 'track-published', track },
      { type: 'participant-joined', participant },
    );
    expect(state.tracks).toHaveLength(2);
    expect(state.participants).toHaveLength(2);
  });

  it('mutes, pins and unpublishes', () => {
    const state = play(
      EMPTY_ROOM,
      joined(),
      { type: 'track-muted', trackId: 't1', muted: true },
      { type: 'pinned', participantId: 'ada', pinned: true },
    );
    expect(state.tracks[0]?.muted).toBe(true);
    expect(state.participants[0]?.pinned).toBe(true);
    expect(play(state, { type: 'track-unpublished', trackId: 't1' }).tracks).toEqual([]);
  });

  it('keeps who spoke last first', () => {
    const state = play(
      EMPTY_ROOM,
      joined(),
      { type: 'active-speaker', participantId: 'ada' },
      { type: 'active-speaker', participantId: 'me' },
      { type: 'active-speaker', participantId: 'ada' },
    );
    expect(state).toMatchObject({ activeSpeaker: 'ada', speakers: ['ada', 'me'] });
  });

  it('knows since when a recording runs: from its start, from joined, or not at all', () => {
    const started = play(EMPTY_ROOM, joined(), { type: 'recording', active: true });
    expect(started.recording).toEqual({ active: true, sinceMs: 100_000, pausedAtMs: null });
    expect(play(EMPTY_ROOM, joined({ recording: true, recordingForMs: 7000 })).recording).toEqual({
      active: true,
      sinceMs: 93_000,
      pausedAtMs: null,
    });
    expect(play(EMPTY_ROOM, joined({ recording: true })).recording).toEqual({
      active: true,
      sinceMs: null,
      pausedAtMs: null,
    });
    expect(play(started, joined({ recording: true, resumed: true })).recording).toEqual(started.recording);
    expect(play(started, { type: 'recording', active: false }).recording).toEqual({ active: false });
  });

  it('does not count the time in which a recording is paused', () => {
    const at = (state: RoomState, nowMs: number, paused?: boolean) =>
      reduceRoom(state, { type: 'recording', active: true, ...(paused === undefined ? {} : { paused }) }, nowMs);
    const paused = at(at(play(EMPTY_ROOM, joined()), 1000), 4000, true);
    expect(paused.recording).toEqual({ active: true, sinceMs: 1000, pausedAtMs: 4000 });
    expect(at(paused, 9000, true)).toBe(paused);
    const resumed = at(paused, 10_000);
    expect(resumed.recording).toEqual({ active: true, sinceMs: 7000, pausedAtMs: null });
    expect(play(resumed, { type: 'recording', active: false }).recording).toEqual({ active: false });
    const late = play(EMPTY_ROOM, joined({ recording: true, recordingPaused: true, recordingForMs: 3000 }));
    expect(late.recording).toEqual({ active: true, sinceMs: 97_000, pausedAtMs: 100_000 });
    expect(at(late, 160_000).recording).toEqual({ active: true, sinceMs: 157_000, pausedAtMs: null });
  });

  it('returns the same object where nothing changed', () => {
    const state = play(EMPTY_ROOM, joined());
    expect(play(state, { type: 'pong' }, { type: 'recording', active: false })).toBe(state);
  });

  it('keeps the last thousand messages', () => {
    let state = play(EMPTY_ROOM, joined());
    for (let index = 0; index < 1005; index += 1) {
      state = play(state, { type: 'message', topic: 'CHAT', payload: String(index), participantId: 'ada', at: '' });
    }
    expect(state.messages).toHaveLength(1000);
    expect(state.messages.at(-1)?.payload).toBe('1004');
  });
});
