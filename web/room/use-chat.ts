/** The room's chat: persisted messages on the topic `CHAT`. */
import { useEffect, useState } from 'react';
import type { RoomClient, RoomSnapshot } from '../client/index.ts';

const TOPIC = 'CHAT';

export interface ChatLine {
  readonly key: string;
  readonly author: string;
  readonly isOwn: boolean;
  readonly text: string;
  readonly at: Date;
}

export interface Chat {
  readonly lines: readonly ChatLine[];
  readonly unread: number;
  /** False: not sent, the room is not connected. */
  readonly send: (text: string) => boolean;
}

export const useChat = (client: RoomClient, room: RoomSnapshot, isOpen: boolean): Chat => {
  const messages = room.messages.filter(({ topic }) => topic === TOPIC);
  const [seen, setSeen] = useState(messages.length);
  const names = useNames(room);
  const count = messages.length;
  useEffect(() => {
    if (isOpen) setSeen(count);
  }, [isOpen, count]);
  return {
    lines: messages.map(({ participantId, payload, at }, index) => ({
      key: `${at} ${participantId} ${index}`,
      author: names.get(participantId) ?? 'Somebody who left',
      isOwn: participantId === room.selfId,
      text: payload,
      at: new Date(at),
    })),
    unread: isOpen ? 0 : Math.max(0, count - seen),
    send: (text) => client.sendMessage(TOPIC, text, { persist: true }),
  };
};

/** Names of everybody who was here while we were: a message outlives its author's stay. */
const useNames = ({ participants }: RoomSnapshot): ReadonlyMap<string, string> => {
  const [names] = useState(() => new Map<string, string>());
  for (const { participantId, name } of participants) names.set(participantId, name);
  return names;
};
