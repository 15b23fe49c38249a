/** Many synthetic publishers in one process: does what it is told over the fork channel, and ends with its parent. */
import { Publisher } from '../../src/synthetic/publisher.ts';
import type { CrowdMember, CrowdReply, CrowdRequest } from './crowd.ts';

const publishers: Publisher[] = [];
const lost: string[] = [];

const join = async (member: CrowdMember): Promise<void> => {
  const publisher = await Publisher.join({
    ...member,
    via: 'whip',
    wallOffsetMs: 0,
    firstFrame: 'keyframe',
    impairment: null,
    detour: null,
    onMark: () => undefined,
    onLost: (reason) => lost.push(`${member.name}: ${reason}`),
  });
  publishers.push(publisher);
};

const obey = async (request: CrowdRequest): Promise<void> => {
  if (request.type === 'join') await join(request.member);
  else if (request.type === 'leave') await Promise.all(publishers.map((publisher) => publisher.leave()));
};

process.on('message', (request: CrowdRequest) => {
  obey(request).then(
    () => {
      const packets = publishers.reduce((sum, { statistics }) => sum + statistics.packets, 0);
      process.send?.({ id: request.id, packets, lost, refused: null } satisfies CrowdReply);
    },
    (error: unknown) => {
      process.send?.({ id: request.id, packets: 0, lost, refused: String(error) } satisfies CrowdReply);
    },
  );
});
process.on('disconnect', () => {
  for (const publisher of publishers) publisher.close();
  process.exit(0);
});
