/**
 * Keeps the page's `load` event back. A recorder that has heard nothing else takes a page as ready when it has loaded, and a page that draws a
 * room has loaded before anybody can be seen in it. An empty frame whose document stays open is still loading, and with it the page.
 */

/** Holds `load` back until the returned function is called, or `limitMs` have passed. Where it has fired already, nothing happens. */
export const holdLoad = (limitMs: number): (() => void) => {
  if (document.readyState === 'complete') return () => undefined;
  const frame = document.createElement('iframe');
  frame.hidden = true;
  document.documentElement.append(frame);
  frame.contentDocument?.open();
  const release = (): void => {
    clearTimeout(timer);
    frame.contentDocument?.close();
    frame.remove();
  };
  const timer = setTimeout(release, limitMs);
  return release;
};
