import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJournal } from '../../src/journal/reader.ts';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';
import { waitFor } from '../support/wait-for.ts';

interface Purge {
  readonly status: string;
  readonly packets: number;
}

/** One of two asks to be taken out of a recording that is done: the file that is made anew shows and plays the other alone. */
describe('a participant who is purged', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.close());

  it('is in neither file nor journal any more', async () => {
    const sitting = await Sitting.open(service, 2);
    const ada = await sitting.join({ index: 0, via: 'room', name: 'Ada Lovelace' });
    const bob = await sitting.join({ index: 1, via: 'room', name: 'Bob' });
    // As the file shall be in the end.
    sitting.grid([bob], { fresh: true });
    await sitting.startRecording();
    await sitting.until(5);
    const id = sitting.recordingId;
    const [adaId, bobId] = [ada.participantId ?? '', bob.participantId ?? ''];
    const path = `/v2/recordings/${id}/participants/${adaId}`;
    expect((await service.api.call('DELETE', path)).status).toBe(409);
    await sitting.endRecording();
    const { file } = await service.api.finished(id);
    const streams = await streamsOf(join(service.journals, await onlyName(service.journals)));
    expect(streams.get(adaId)).toBeGreaterThan(100);

    const asked = await service.api.call('DELETE', path);
    expect([asked.status, ((await asked.json()) as Purge).status]).toEqual([202, 'waiting']);
    // From here on nobody gets the old file.
    expect((await fetch(file?.fileUrl ?? '')).status).toBe(404);
    const purge = await waitFor('the purge', 60_000, async () => {
      const again = (await (await service.api.call('DELETE', path)).json()) as Purge;
      return again.status === 'done' || again.status === 'failed' ? again : null;
    });
    expect(purge).toMatchObject({ status: 'done', keptFor: [] });
    expect(purge.packets).toBeGreaterThan(100);

    const journal = join(service.journals, await onlyName(service.journals));
    const left = await streamsOf(journal);
    expect([left.get(adaId) ?? 0, left.get(bobId)]).toEqual([0, streams.get(bobId)]);
    for (const name of await readdir(journal)) {
      expect(await readFile(join(journal, name), 'latin1')).not.toContain('Lovelace');
    }
    const { failures, text } = await sitting.judged();
    await sitting.leave();
    // Ada sent and is not seen: only that she is not heard either is missed by who compares with what was sent.
    expect(failures, text).toEqual([expect.stringMatching(/^Participant 0: 0 of \d beeps are heard\.$/)]);
    const again = await service.api.call('POST', `/v2/recordings/${id}/compositions`, { config: { theme: 'LIGHT' } });
    expect(again.status).toBe(200);
    const nobody = await service.api.call('DELETE', `/v2/recordings/${id}/participants/nobody`);
    expect(nobody.status).toBe(404);
  });
});

const onlyName = async (folder: string): Promise<string> => {
  const [name, ...others] = await readdir(folder);
  if (!name || others.length > 0) throw new Error(`"${folder}" has not one journal.`);
  return name;
};

/** How many packets each participant has in a journal. */
const streamsOf = async (journal: string): Promise<Map<string, number>> => {
  const owners = new Map<number, string>();
  const packets = new Map<string, number>();
  for await (const { records } of readJournal(journal)) {
    for (const record of records) {
      if (record.type === 'snapshot')
        for (const one of record.snapshot.streams) owners.set(one.stream, one.participantId);
      if (record.type === 'event' && record.event.type === 'stream-opened') {
        owners.set(record.event.stream.stream, record.event.stream.participantId);
      }
      if (record.type !== 'rtp') continue;
      const owner = owners.get(record.stream) ?? 'nobody';
      packets.set(owner, (packets.get(owner) ?? 0) + 1);
    }
  }
  return packets;
};
