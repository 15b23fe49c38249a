/** Captions over the tiles: who said what, newest last. Read out by screen readers as they come. */
import { useCaptions } from './use-captions.ts';

interface Props {
  readonly token: string;
  readonly roomId: string;
  readonly isShown: boolean;
}

export const CaptionLines = ({ token, roomId, isShown }: Props) => {
  const { lines, isTranscribed } = useCaptions(token, roomId, isShown);
  // The live region stands before there is something in it: what appears together with its region is not read out.
  return (
    <div className="captions" data-testid="captions" data-shown={isShown}>
      <div role="log" aria-live="polite" aria-label="Captions" className="captions__lines">
        {isShown &&
          lines.map(({ id, name, text, language }) => (
            <p className="captions__line" key={id} data-testid="caption" dir="auto" lang={language ?? undefined}>
              <bdi className="captions__name">{name}</bdi> {text}
            </p>
          ))}
      </div>
      {isShown && lines.length === 0 && isTranscribed !== null && (
        <p className="captions__hint">
          {isTranscribed ? 'Captions are on. Nobody has spoken yet.' : 'Nothing is being transcribed in this room.'}
        </p>
      )}
    </div>
  );
};
