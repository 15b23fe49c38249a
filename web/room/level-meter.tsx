/** Shows that the microphone hears something. */
import { useEffect, useRef } from 'react';

/** Speech at a normal distance peaks near −20 dBFS: full scale of the meter, so that it visibly moves. */
const FULL_SCALE = 0.1;

export const LevelMeter = ({ stream }: { readonly stream: MediaStream | null }) => {
  const bar = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const element = bar.current;
    if (element === null || stream === null) return;
    return measure(stream, (level) => element.style.setProperty('--level', String(level)));
  }, [stream]);
  return (
    <div className="level" data-silent={stream === null}>
      <span className="level__label">{stream === null ? 'Microphone is off' : 'Microphone'}</span>
      <span className="level__track" aria-hidden="true">
        <span className="level__bar" ref={bar} />
      </span>
    </div>
  );
};

/** Tells the level, 0…1, at every frame until the returned function is called. */
const measure = (stream: MediaStream, tell: (level: number) => void): (() => void) => {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let shown = 0;
  let frame = 0;
  const draw = (): void => {
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    const level = Math.min(1, Math.sqrt(sum / samples.length) / FULL_SCALE);
    // Rises at once and falls slowly, as the eye expects of a meter.
    shown = Math.max(level, shown * 0.88);
    tell(shown);
    frame = requestAnimationFrame(draw);
  };
  // Where the page was not touched yet, the browser holds the context until it is.
  const wake = (): void => void context.resume();
  addEventListener('pointerdown', wake);
  addEventListener('keydown', wake);
  frame = requestAnimationFrame(draw);
  return () => {
    cancelAnimationFrame(frame);
    removeEventListener('pointerdown', wake);
    removeEventListener('keydown', wake);
    tell(0);
    void context.close();
  };
};
