/**
 * Where start calls say that files go: a directory in the configured bucket, a presigned URL, or both. What can't work is refused when the
 * recording starts, never found out when it ends; what may not work is accepted with a warning in the recording object.
 */
import { z } from 'zod';
import type { Destinations } from '../domain/delivery.ts';
import { RoomtapeError } from '../domain/errors.ts';
import { bucketDirectory, directoryProblem } from '../domain/object-name.ts';
import { presignedFacts, unknownHeaders } from '../domain/presigned-url.ts';
import type { ApiConfig } from './api-config.ts';

/** A directory in the bucket: `/meetings/weekly/`. */
export const bucketPath = z.string().superRefine((text, context) => {
  const problem = directoryProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

export interface AskedDelivery {
  readonly destinations: Destinations;
  readonly warnings: readonly string[];
}

type DeliveryConfig = Pick<ApiConfig, 'hasBucket' | 'maxRecordingDurationMs'>;

/** A field of a call: its name there, and what it says. */
export interface Field {
  readonly name: string;
  readonly value: string | undefined;
}

/** What a start call asks for; undefined: nothing. INVALID_REQUEST for what can't work. */
export const askedDelivery = (
  fields: { readonly directory: Field; readonly preSignedUrl?: Field },
  { hasBucket, maxRecordingDurationMs }: DeliveryConfig,
  now: Date,
): AskedDelivery | undefined => {
  const { directory, preSignedUrl } = fields;
  if (directory.value === undefined && preSignedUrl?.value === undefined) return undefined;
  if (directory.value !== undefined && !hasBucket) {
    throw new RoomtapeError(
      'INVALID_REQUEST',
      `"${directory.name}" is given, and this server has no bucket: its operator sets ROOMTAPE_S3_BUCKET, ROOMTAPE_AZURE_CONTAINER or ROOMTAPE_BUCKET_DIR.`,
    );
  }
  const warnings =
    preSignedUrl?.value === undefined
      ? []
      : judgePresigned(preSignedUrl.name, preSignedUrl.value, { now, wantedMs: maxRecordingDurationMs });
  return {
    destinations: {
      directory: directory.value === undefined ? null : bucketDirectory(directory.value),
      preSignedUrl: preSignedUrl?.value ?? null,
    },
    warnings,
  };
};

/** What may go wrong with a URL. INVALID_REQUEST where it is over already. `wantedMs`: how long it may be until it is used. */
export const judgePresigned = (
  name: string,
  url: string,
  { now, wantedMs }: { readonly now: Date; readonly wantedMs: number },
): string[] => {
  const facts = presignedFacts(url);
  const { expiresAt, hasEmptyChecksum } = facts;
  if (expiresAt !== null && expiresAt <= now) {
    throw new RoomtapeError('INVALID_REQUEST', `"${name}" expired at ${expiresAt.toISOString()}: sign a fresh one.`);
  }
  const warnings: string[] = [];
  if (expiresAt !== null && expiresAt.getTime() < now.getTime() + wantedMs) {
    warnings.push(
      `"${name}" expires at ${expiresAt.toISOString()}, and the recording may run longer: end it before, or retry the delivery with a fresh one.`,
    );
  }
  const unknown = unknownHeaders(facts);
  if (unknown.length > 0) {
    warnings.push(`"${name}" was signed with headers whose values are not known here (${unknown.join(', ')}).`);
  }
  if (hasEmptyChecksum) {
    warnings.push(
      `"${name}" was signed with the checksum of an empty body: the store will refuse the file. Sign with requestChecksumCalculation "WHEN_REQUIRED".`,
    );
  }
  return warnings;
};
