/** `roomtape token`: prints a participant's token, or one for the API, signed with the server's secret. Nothing else goes to standard output. */
import { mintApiToken, mintParticipantToken } from '../api/auth.ts';
import { loadConfig } from '../config/config.ts';
import { loadCredentials } from '../config/credentials.ts';

export interface TokenOptions {
  readonly room?: string;
  readonly name?: string;
  readonly participant?: string;
  readonly moderator?: boolean;
  readonly api?: boolean;
  readonly hours: number;
}

const SECONDS_PER_HOUR = 3600;

export const runToken = async (options: TokenOptions): Promise<void> => {
  const { credentials } = await loadCredentials(loadConfig());
  const ttlSeconds = options.hours * SECONDS_PER_HOUR;
  if (options.api) {
    console.log(await mintApiToken(credentials, ttlSeconds));
    return;
  }
  if (!options.room) {
    console.error(
      'Say which room the token is for: roomtape token --room ROOM_ID --name NAME (or --api for a REST token).',
    );
    process.exitCode = 1;
    return;
  }
  const token = await mintParticipantToken(credentials, {
    roomId: options.room,
    moderator: options.moderator ?? false,
    ttlSeconds,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.participant === undefined ? {} : { participantId: options.participant }),
  });
  console.log(token);
};
