/** A later offer of a connection has to be of the same transport: the pipe underneath is not renegotiated. */
import { RoomtapeError } from '../../domain/errors.ts';
import type { Offer } from './offer.ts';

/** Throws `INVALID_SDP` where a later offer has other ICE or DTLS credentials than the one before. */
export const requireSameTransport = (before: Offer, after: Offer): void => {
  if (before.remote.iceUfrag !== after.remote.iceUfrag || before.remote.icePwd !== after.remote.icePwd) {
    throw new RoomtapeError('INVALID_SDP', 'The offer restarts ICE, which is not done here: open a new connection.');
  }
  if (before.remote.fingerprint !== after.remote.fingerprint) {
    throw new RoomtapeError('INVALID_SDP', 'The offer changes its DTLS fingerprint: open a new connection.');
  }
};
