/** A transcript in all its formats. Pure: the same transcript makes the same bytes. */
import type { Transcript } from '../../domain/transcript.ts';
import type { TranscriptFormat } from '../../domain/transcription.ts';
import { toJson } from './json.ts';
import { toSrt } from './srt.ts';
import { toTsv } from './tsv.ts';
import { toTxt } from './txt.ts';
import { toVtt } from './vtt.ts';

const WRITERS: Readonly<Record<TranscriptFormat, (transcript: Transcript) => string>> = {
  json: toJson,
  srt: toSrt,
  tsv: toTsv,
  txt: toTxt,
  vtt: toVtt,
};

export const writeTranscript = (transcript: Transcript, format: TranscriptFormat): string =>
  WRITERS[format](transcript);

/** In all of them. Takes seconds for a day of talk. */
export const writeTranscriptFiles = (transcript: Transcript): Readonly<Record<TranscriptFormat, string>> => ({
  json: toJson(transcript),
  srt: toSrt(transcript),
  txt: toTxt(transcript),
  tsv: toTsv(transcript),
  vtt: toVtt(transcript),
});
