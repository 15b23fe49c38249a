/** `roomtape token`: prints a participant's token, or one for the API, signed with the server's secret. Nothing else goes to standard output. */
import { mintApiToken, mintParticipantToken } from '../api/auth.ts';
import { loadConfig } from '../config/config.ts';
import { loadCredentials } from '../config/credentials.ts';
import { isParticipantId } from '../domain/ids.ts';

export interface TokenOptions {
  readonly room?: string;
  readonly name?: string;
  readonly participant?: string;
  readonly moderator?: boolean;
  readonly api?: boolean;
  readonly hours: number;
}

const SECONDS_PER_HOUR = 3600;

/** Rejects with a sentence where the options do not make a token that would be accepted. */
export const runToken = async (options: TokenOptions): Promise<void> => {
  refuseUnusable(options);
  const { credentials, created, file } = await loadCredentials(loadConfig());
  // A server that runs with another data folder would refuse the token, and say no more than that.
  if (created) console.error(`No server has used this data folder yet: a key and secret were made in "${file}".`);
  const ttlSeconds = options.hours * SECONDS_PER_HOUR;
  if (options.api || !options.room) {
    console.log(await mintApiToken(credentials, ttlSeconds));
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

const LONGEST_NAME = 100;

const refuseUnusable = ({ api, room, name, participant, moderator }: TokenOptions): void => {
  if (api && (room || name || participant || moderator)) {
    throw new Error('--api makes a token for all rooms: leave out --room, --name, --participant and --moderator.');
  }
  if (!api && !room) {
    throw new Error(
      'Say which room the token is for: roomtape token --room ROOM_ID --name NAME (or --api for a REST token).',
    );
  }
  if (participant !== undefined && !isParticipantId(participant)) {
    throw new Error(`--participant is "${participant}"; it must be 1 to 64 letters, digits, "_" or "-".`);
  }
  if (name !== undefined && name.length > LONGEST_NAME) {
    throw new Error(`--name has ${name.length} characters; ${LONGEST_NAME} are the most.`);
  }
};
