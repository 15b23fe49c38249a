/** A mistake in drawing shows a plain page instead of an empty one; the error itself goes to the browser's console. */
import { Component, type ReactNode } from 'react';
import { CrashScreen } from './end-screen.tsx';

interface Props {
  readonly children: ReactNode;
}

export class CrashBoundary extends Component<Props, { readonly hasCrashed: boolean }> {
  override readonly state = { hasCrashed: false };

  static getDerivedStateFromError(): { hasCrashed: boolean } {
    return { hasCrashed: true };
  }

  override render(): ReactNode {
    return this.state.hasCrashed ? <CrashScreen /> : this.props.children;
  }
}
