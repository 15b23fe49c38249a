/** Reading and writing messages. */
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { SendIcon } from './icons.tsx';
import type { ChatLine } from './use-chat.ts';

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

interface Props {
  readonly lines: readonly ChatLine[];
  readonly onSend: (text: string) => boolean;
}

export const ChatPanel = ({ lines, onSend }: Props) => {
  const [draft, setDraft] = useState('');
  const end = useRef<HTMLDivElement>(null);
  const count = lines.length;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new line is what scrolls
  useEffect(() => {
    // Newer browsers return a promise here, which an effect must not.
    void end.current?.scrollIntoView({ block: 'end' });
  }, [count]);

  const send = (event: FormEvent): void => {
    event.preventDefault();
    const text = draft.trim();
    if (text !== '' && onSend(text)) setDraft('');
  };

  return (
    <div className="chat">
      <div className="chat__lines" role="log" aria-label="Messages">
        {count === 0 && <p className="chat__empty">No messages yet. Everybody in the room can read what you write.</p>}
        {lines.map(({ key, author, isOwn, text, at }) => (
          <div key={key} className="chat__line" data-own={isOwn}>
            <p className="chat__author">
              <strong>{isOwn ? 'You' : author}</strong> <time dateTime={at.toISOString()}>{TIME.format(at)}</time>
            </p>
            <p className="chat__text">{text}</p>
          </div>
        ))}
        <div ref={end} />
      </div>
      <form className="chat__form" onSubmit={send}>
        <input
          aria-label="Message to everybody"
          data-testid="chat-field"
          placeholder="Message to everybody"
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          maxLength={4000}
          autoComplete="off"
        />
        <button type="submit" className="header-button" aria-label="Send" disabled={draft.trim() === ''}>
          <SendIcon />
        </button>
      </form>
    </div>
  );
};
