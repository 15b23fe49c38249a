/** Initials on a coloured disc: a person whose camera is off. */
import { PersonIcon } from './icons.tsx';
import { hueOf, initialsOf } from './person-mark.ts';

export const Avatar = ({ name, seed }: { readonly name: string; readonly seed: string }) => (
  <span className="avatar" aria-hidden="true" style={{ '--hue': hueOf(seed) }}>
    {initialsOf(name) || <PersonIcon />}
  </span>
);
