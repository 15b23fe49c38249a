/** Pins somebody: for everybody and the recording where one may moderate, otherwise for oneself. */
import { PinIcon } from './icons.tsx';

interface Props {
  readonly name: string;
  readonly isPinned: boolean;
  readonly isForEverybody: boolean;
  readonly onPin: (pinned: boolean) => void;
}

export const PinButton = ({ name, isPinned, isForEverybody, onPin }: Props) => {
  const label = `${isPinned ? 'Unpin' : 'Pin'} ${name}${isForEverybody ? ' for everybody' : ''}`;
  return (
    <button
      type="button"
      className="pin-button"
      data-testid="pin-button"
      data-pinned={isPinned}
      aria-pressed={isPinned}
      aria-label={label}
      title={label}
      onClick={() => onPin(!isPinned)}
    >
      <PinIcon />
    </button>
  );
};
