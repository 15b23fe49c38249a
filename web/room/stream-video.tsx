/** Plays a stream's picture. Its sound is played elsewhere. */
import { useEffect, useRef, useState } from 'react';

interface Props {
  readonly stream: MediaStream;
  readonly label: string;
  readonly isMirrored?: boolean;
  readonly isWhole?: boolean;
  /** Called with the element while it is shown; returns what undoes it. */
  readonly watch?: (element: Element) => () => void;
}

export const StreamVideo = ({ stream, label, isMirrored = false, isWhole = false, watch }: Props) => {
  const video = useRef<HTMLVideoElement>(null);
  const [isPlaying, setPlaying] = useState(false);

  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    element.srcObject = stream;
    return () => {
      element.srcObject = null;
      setPlaying(false);
    };
  }, [stream]);

  useEffect(() => {
    return video.current === null ? undefined : watch?.(video.current);
  }, [watch]);

  return (
    <video
      ref={video}
      className="stream-video"
      data-mirrored={isMirrored}
      data-whole={isWhole}
      data-playing={isPlaying}
      onPlaying={() => setPlaying(true)}
      aria-label={label}
      autoPlay
      playsInline
      muted
    />
  );
};
