import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RecordingId } from '../../../src/domain/ids.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { GRID, Rig } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

const refused = (promise: Promise<unknown>) => promise.then(() => 'accepted').catch((error) => error.code);
const layoutMessage = (layout: unknown, persist = false) => ({
  type: 'send' as const,
  topic: 'RECORDING_LAYOUT',
  payload: typeof layout === 'string' ? layout : JSON.stringify({ layout }),
  persist,
});

describe('the layout of a running recording', () => {
  test('changes at once, on disk before it is answered, and the server is told', async () => {
    const ada = await rig.join('ada');
    const { recordingId } = await rig.startRecording();
    rig.clock.move(2000);
    const changed = await rig.rooms.changeLayout(recordingId as RecordingId, { type: 'SIDEBAR', gridSize: 2 });
    const layout = { ...GRID, type: 'SIDEBAR', gridSize: 2 };
    expect(changed).toMatchObject({ recordingId, revision: 1, layout });
    expect(rig.rooms.recordings()).toEqual([changed]);
    expect(rig.durablesOf('recording-changed')).toEqual([{ type: 'recording-changed', recording: changed }]);
    const again = await rig.rooms.changeLayout(recordingId as RecordingId, { type: 'SIDEBAR' });
    expect(again).toEqual(changed);
    expect(rig.durablesOf('recording-changed')).toHaveLength(1);
    await rig.rooms.close();
    const events = (await rig.journal(ada.last('joined').sessionId)).filter((record) => record.type === 'event');
    expect(events.filter(({ event }) => event.type === 'layout-changed')).toMatchObject([
      { arrivalNs: changed.startedNs + 2_000_000_000, event: { recordingId, layout } },
    ]);
  });

  test('is refused where the recording is over or unknown', async () => {
    await rig.join('ada');
    const { recordingId } = await rig.startRecording();
    await rig.rooms.stopRecording(recordingId as RecordingId, 'requested');
    const ids = [recordingId as RecordingId, newHexId<RecordingId>()];
    for (const id of ids)
      expect(await refused(rig.rooms.changeLayout(id, { gridSize: 2 }))).toBe('RECORDING_NOT_RUNNING');
  });

  test('changes by a message of a moderator, persisted or not, which everybody gets', async () => {
    const ada = await rig.join('ada', { canModerate: true });
    const bob = await rig.join('bob');
    await ada.say(layoutMessage({ type: 'SPOTLIGHT' }, true));
    const { recordingId } = await rig.startRecording();
    const inForce = () => rig.rooms.recordings().map(({ layout, revision }) => ({ layout, revision }));
    expect(inForce()).toEqual([{ layout: GRID, revision: 0 }]);
    await ada.say(layoutMessage({ type: 'SIDEBAR', gridSize: 4, priority: 'PIN' }, true));
    expect(inForce()).toEqual([{ layout: { type: 'SIDEBAR', priority: 'PIN', gridSize: 4 }, revision: 1 }]);
    await ada.say(layoutMessage({ gridSize: 0, priority: null }));
    await ada.say(layoutMessage({ gridSize: 9 }));
    expect(inForce()).toEqual([{ layout: { type: 'SIDEBAR', priority: 'PIN', gridSize: 9 }, revision: 2 }]);
    expect(bob.all('message')).toHaveLength(4);
    expect((await rig.join('cyd')).last('joined').messages).toHaveLength(2);
    expect(rig.durablesOf('recording-changed').map(({ recording }) => recording.recordingId)).toEqual([
      recordingId,
      recordingId,
    ]);
  });

  test('is not changed by anybody else, nor by nonsense; who sent it is told why, nobody else hears of it', async () => {
    const ada = await rig.join('ada', { canModerate: true });
    const bob = await rig.join('bob');
    await rig.startRecording();
    await bob.say(layoutMessage({ type: 'SPOTLIGHT' }, true));
    expect(bob.last('error')).toMatchObject({ code: 'NOT_PERMITTED', message: expect.stringContaining('"allow_mod"') });
    const nonsense: [unknown, RegExp][] = [
      ['{', /"payload".*not JSON/],
      ['[]', /"payload"/],
      [undefined, /"payload.layout"/],
      [{}, /"payload.layout".*names nothing/],
      [{ type: 'CIRCLE' }, /"payload.layout.type"/],
      [{ gridSize: 26 }, /"payload.layout.gridSize"/],
      [{ gridSize: 2.5 }, /"payload.layout.gridSize"/],
      [{ priority: 7 }, /"payload.layout.priority"/],
    ];
    for (const [layout, text] of nonsense) {
      await ada.say(layoutMessage(layout));
      expect(ada.last('error')).toMatchObject({ code: 'INVALID_REQUEST', message: expect.stringMatching(text) });
    }
    expect(rig.rooms.recordings()).toMatchObject([{ layout: GRID, revision: 0 }]);
    expect([...ada.all('message'), ...bob.all('message')]).toEqual([]);
  });
});
