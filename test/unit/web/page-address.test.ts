import { describe, expect, it } from 'vitest';
import { readPageAddress } from '../../../web/room/page-address.ts';

const read = (address: string) => readPageAddress(new URL(address, 'https://rooms.example'));

describe('the page’s address', () => {
  it('names room and token', () => {
    expect(read('/room/abcd-efgh-ijkl?token=a.b.c')).toEqual({
      roomId: 'abcd-efgh-ijkl',
      token: 'a.b.c',
      autojoin: false,
      name: null,
      camera: true,
      microphone: true,
      videoCodec: 'vp8',
    });
  });

  it('tells bots what to do', () => {
    expect(read('/room/r/?token=t&autojoin=1&name=Bot%201&camera=0&microphone=0&codec=av1')).toMatchObject({
      roomId: 'r',
      autojoin: true,
      name: 'Bot 1',
      camera: false,
      microphone: false,
      videoCodec: 'av1',
    });
  });

  it('decodes custom room ids and does not fail on nonsense', () => {
    expect(read('/room/my%20room?token=t').roomId).toBe('my room');
    expect(read('/room/%E0%A4%A?token=t').roomId).toBe('%E0%A4%A');
    expect(read('/elsewhere').roomId).toBe('');
    expect(read('/room/r?codec=h266').videoCodec).toBe('vp8');
  });
});
