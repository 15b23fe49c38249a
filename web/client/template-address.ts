/** What a template page's own address says of the room it shows. Pure. */

export interface TemplateAddress {
  readonly roomId: string;
  readonly token: string;
  readonly participantId: string | undefined;
}

/**
 * Reads `meetingId` (or `roomId`), `token` and `participantId`, as the server has added them.
 * @throws {Error} What is missing, in a sentence: the page was opened by hand.
 */
export const readTemplateAddress = (search: string, given: Partial<TemplateAddress> = {}): TemplateAddress => {
  const query = new URLSearchParams(search);
  const text = (name: string): string | undefined => query.get(name) || undefined;
  const roomId = given.roomId ?? text('meetingId') ?? text('roomId');
  const token = given.token ?? text('token');
  if (roomId === undefined || token === undefined) {
    const missing = [...(roomId === undefined ? ['meetingId'] : []), ...(token === undefined ? ['token'] : [])];
    throw new Error(
      `The page's address has no ${missing.join(' and no ')}. A recording adds both; by hand: ?meetingId={roomId}&token={participant token}.`,
    );
  }
  return { roomId, token, participantId: given.participantId ?? text('participantId') };
};
