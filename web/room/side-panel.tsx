/** A panel beside the tiles (over them on small screens). Escape closes it. What is there to be written in has the focus. */
import { type ReactNode, useEffect, useRef } from 'react';
import { CloseIcon } from './icons.tsx';

interface Props {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export const SidePanel = ({ title, onClose, children }: Props) => {
  const panel = useRef<HTMLElement>(null);

  useEffect(() => {
    const opener = document.activeElement;
    // On phones and tablets the keyboard would jump up over what there is to read.
    const field = matchMedia('(pointer: coarse)').matches ? null : panel.current?.querySelector('input');
    (field ?? panel.current)?.focus();
    return () => {
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);

  return (
    <aside
      ref={panel}
      className="panel"
      aria-label={title}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <header className="panel__header">
        <h2>{title}</h2>
        <button type="button" className="header-button" aria-label={`Close ${title}`} onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      <div className="panel__body">{children}</div>
    </aside>
  );
};
