/** Custom properties in `style`: numbers and texts that style sheets use as `var(--…)`. */
import 'react';

declare module 'react' {
  interface CSSProperties {
    readonly [name: `--${string}`]: string | number;
  }
}
