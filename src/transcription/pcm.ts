/** Speech as it travels between processes and to endpoints: 16-bit little-endian mono samples at `SPEECH_RATE`. */
import { SPEECH_RATE } from './engine.ts';

const FULL_SCALE = 32_767;
const WAV_HEADER_BYTES = 44;

const write = (speech: Float32Array, target: Buffer, offset: number): void => {
  for (let i = 0; i < speech.length; i++) {
    const sample = Math.min(1, Math.max(-1, speech[i] as number));
    target.writeInt16LE(Math.round(sample * FULL_SCALE), offset + 2 * i);
  }
};

/** Base64. What is louder than full scale is clipped. */
export const pcmOf = (speech: Float32Array): string => {
  const bytes = Buffer.allocUnsafe(2 * speech.length);
  write(speech, bytes, 0);
  return bytes.toString('base64');
};

/** The samples of `pcmOf`. */
export const samplesOf = (pcm: string): Float32Array => {
  const bytes = Buffer.from(pcm, 'base64');
  const speech = new Float32Array(bytes.length >> 1);
  for (let i = 0; i < speech.length; i++) speech[i] = bytes.readInt16LE(2 * i) / FULL_SCALE;
  return speech;
};

/** A WAV file (RIFF, one `fmt ` and one `data` chunk, PCM). */
export const wavOf = (speech: Float32Array): Buffer => {
  const file = Buffer.alloc(WAV_HEADER_BYTES + 2 * speech.length);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(SPEECH_RATE, 24);
  file.writeUInt32LE(2 * SPEECH_RATE, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(2 * speech.length, 40);
  write(speech, file, WAV_HEADER_BYTES);
  return file;
};
