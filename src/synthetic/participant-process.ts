/** The process of one synthetic participant: does what it is told over the fork channel, and ends with its parent. */
import type { ParticipantCommand, ParticipantReport, ParticipantRequest } from './participant-messages.ts';
import { Publisher } from './publisher.ts';

let publisher: Publisher | undefined;

const report = (message: ParticipantReport): void => {
  if (process.connected) process.send?.(message);
};

const joined = (): Publisher => {
  if (!publisher) throw new Error('The participant has not joined.');
  return publisher;
};

const run = async (command: ParticipantCommand): Promise<void> => {
  switch (command.type) {
    case 'join':
      publisher = await Publisher.join({
        ...command.options,
        onMark: (mark) => report({ type: 'mark', mark }),
        onLost: (reason) => report({ type: 'lost', reason }),
        onBack: () => report({ type: 'back' }),
      });
      return;
    case 'set-muted':
      return joined().setMuted(command.source, command.muted);
    case 'publish':
      return joined().publish(command.source, command.file);
    case 'unpublish':
      return joined().unpublish(command.source);
    case 'replace':
      return joined().replace(command.source, command.file);
    case 'pin':
      return joined().pin(command.participantId, command.pinned);
    case 'reconnect':
      return joined().reconnect();
    case 'leave':
      return joined().leave();
    case 'statistics':
      return;
  }
};

process.on('message', (request: ParticipantRequest) => {
  run(request.command).then(
    () =>
      report({
        type: 'done',
        id: request.id,
        participantId: publisher?.participantId ?? null,
        statistics: publisher?.statistics ?? { packets: 0, retransmitted: 0, keyframesAsked: 0, refused: 0 },
      }),
    (error: unknown) =>
      report({ type: 'refused', id: request.id, message: error instanceof Error ? error.message : String(error) }),
  );
});
// Ctrl-C in a terminal reaches us, too; whoever started us says goodbye in our name first, and disconnects.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => {
  publisher?.close();
  process.exit(0);
});
