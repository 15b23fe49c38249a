/** Fetches a recording's file as a customer would. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RecordingAnswer } from '../../src/cli/rest-client.ts';
import type { Service } from './service.ts';

/** Path of the fetched file, which goes with the service. */
export const fetchFile = async (service: Service, { id, file }: RecordingAnswer): Promise<string> => {
  if (!file) throw new Error(`The recording ${id} is done but names no file.`);
  const path = join(service.folder, `${id}.mp4`);
  const response = await fetch(file.fileUrl);
  if (!response.ok || !response.body) throw new Error(`The file of ${id} was answered ${response.status}.`);
  await pipeline(Readable.from(response.body), createWriteStream(path));
  return path;
};
