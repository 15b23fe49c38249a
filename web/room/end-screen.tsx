/** Plain pages: why one is not in the room, and what to do. */
import { useEffect, useRef } from 'react';
import type { RoomEnd } from '../client/index.ts';
import { endText } from './end-texts.ts';
import { Wordmark } from './wordmark.tsx';

interface PlainPageProps {
  readonly title: string;
  readonly text: string;
  readonly reason: string;
  /** The server's own words, where they say more. */
  readonly detail?: string;
  readonly onRejoin: (() => void) | null;
}

const PlainPage = ({ title, text, reason, detail = '', onRejoin }: PlainPageProps) => {
  const heading = useRef<HTMLHeadingElement>(null);
  // Screen readers are told of the new page as they would be after a navigation.
  useEffect(() => {
    heading.current?.focus();
  }, []);
  return (
    <main className="plain-page" data-testid="end-screen" data-reason={reason}>
      <Wordmark />
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p>{text}</p>
      {detail !== '' && <p className="plain-page__detail">{detail}</p>}
      {onRejoin !== null && (
        <button type="button" className="button button--primary" data-testid="rejoin-button" onClick={onRejoin}>
          {reason === 'left' || reason === 'room-closed' ? 'Join again' : 'Try again'}
        </button>
      )}
    </main>
  );
};

interface EndScreenProps {
  readonly end: RoomEnd;
  /** Null: coming back is not offered. */
  readonly onRejoin: (() => void) | null;
}

export const EndScreen = ({ end, onRejoin }: EndScreenProps) => {
  const { title, text, canRejoin } = endText(end.reason);
  const isTelling = end.reason === 'refused' || end.reason === 'not-permitted';
  return (
    <PlainPage
      title={title}
      text={text}
      reason={end.reason}
      detail={isTelling ? end.detail : ''}
      onRejoin={canRejoin ? onRejoin : null}
    />
  );
};

export const CrashScreen = () => (
  <PlainPage
    title="Something went wrong on this page"
    text="That is our mistake, not yours. Load the page again: within a few seconds you are back as the same participant."
    reason="crashed"
    onRejoin={() => location.reload()}
  />
);

export const UnsupportedScreen = () => (
  <PlainPage
    title="This page needs a newer browser"
    text="Your browser does not support video rooms, or they are switched off in it. Open this address in a current Chrome, Edge, Firefox or Safari."
    reason="unsupported"
    onRejoin={null}
  />
);
