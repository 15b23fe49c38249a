/** The size of an element, followed. */
import { type RefObject, useLayoutEffect, useRef, useState } from 'react';
import type { Area } from './arrangement.ts';

export const useArea = <Kind extends HTMLElement>(): readonly [RefObject<Kind | null>, Area] => {
  const element = useRef<Kind>(null);
  const [area, setArea] = useState<Area>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const watched = element.current;
    if (watched === null) return;
    const measure = (): void => setArea({ width: watched.clientWidth, height: watched.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(watched);
    return () => observer.disconnect();
  }, []);
  return [element, area];
};
