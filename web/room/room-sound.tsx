/** Everybody's sound. Where the browser holds it back until the page is touched, asks for that. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { RoomSnapshot, TrackSnapshot } from '../client/index.ts';

interface Props {
  readonly room: RoomSnapshot;
  readonly speakerId: string | null;
}

export const RoomSound = ({ room, speakerId }: Props) => {
  const [isBlocked, setBlocked] = useState(false);
  const container = useRef<HTMLDivElement>(null);
  const block = useCallback(() => setBlocked(true), []);
  const heard = room.participants
    .filter(({ isSelf }) => !isSelf)
    .flatMap(({ microphone, screenAudio }) => [microphone, screenAudio])
    .filter((track): track is TrackSnapshot & { stream: MediaStream } => track !== null && track.stream !== null);

  const unblock = (): void => {
    setBlocked(false);
    for (const element of container.current?.querySelectorAll('audio') ?? []) element.play().catch(block);
  };

  return (
    <div ref={container}>
      {heard.map(({ trackId, stream }) => (
        <Sound key={trackId} stream={stream} speakerId={speakerId} onBlocked={block} />
      ))}
      {isBlocked && (
        <button type="button" className="button button--primary sound-button" onClick={unblock}>
          Turn sound on
        </button>
      )}
    </div>
  );
};

interface SoundProps {
  readonly stream: MediaStream;
  readonly speakerId: string | null;
  readonly onBlocked: () => void;
}

const Sound = ({ stream, speakerId, onBlocked }: SoundProps) => {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const element = audio.current;
    if (element === null) return;
    element.srcObject = stream;
    element.play().catch((error: unknown) => {
      if (!(error instanceof DOMException)) throw error;
      // AbortError: the stream was exchanged before it played; its successor plays.
      if (error.name === 'NotAllowedError') onBlocked();
    });
    return () => {
      element.srcObject = null;
    };
  }, [stream, onBlocked]);

  useEffect(() => {
    if (speakerId === null) return;
    audio.current?.setSinkId(speakerId).catch((error: unknown) => {
      // The speaker was unplugged since it was chosen: sound stays where it is.
      if (!(error instanceof DOMException)) throw error;
    });
  }, [speakerId]);

  // biome-ignore lint/a11y/useMediaCaption: live speech of a conversation; captions do not exist yet
  return <audio ref={audio} autoPlay />;
};
