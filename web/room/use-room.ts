/** The room client as React state. */
import { useCallback, useSyncExternalStore } from 'react';
import type { RoomClient, RoomSnapshot } from '../client/index.ts';

/** The present snapshot; the component is drawn again whenever it changes. */
export const useRoom = (client: RoomClient): RoomSnapshot => {
  const subscribe = useCallback((redraw: () => void) => client.on('changed', redraw), [client]);
  return useSyncExternalStore(subscribe, () => client.snapshot);
};
