/**
 * Loaded into a compositor before its program: gives its decoders packets over which they really crash. We know of none for the versions that we
 * ship, so the native call is given another body for these packets: the media library's scaler is sent to memory that is not there. What the
 * process dies of is a segmentation fault in the library's own machine code, on one of its threads, in the midst of a decoder's call.
 *
 * `POISON`: SHA-256 of such packets, hex, by commas.
 */
import { createHash } from 'node:crypto';
import { AV_PIX_FMT_YUV420P, SWS_BILINEAR } from 'node-av/constants';
import { CodecContext, type Packet, SoftwareScaleContext } from 'node-av/lib';

const poison = new Set((process.env.POISON ?? '').split(','));
const isPoison = (packet: Packet | null): boolean =>
  packet?.data !== undefined &&
  packet?.data !== null &&
  poison.has(createHash('sha256').update(packet.data).digest('hex'));

const crash = async (): Promise<never> => {
  const scaler = new SoftwareScaleContext();
  scaler.getContext(1280, 720, AV_PIX_FMT_YUV420P, 640, 360, AV_PIX_FMT_YUV420P, SWS_BILINEAR);
  const [small, large] = [Buffer.alloc(64), Buffer.alloc(640 * 360)];
  // A line further on is beyond everything that is mapped.
  const far = [2 ** 30, 2 ** 30, 2 ** 30];
  await scaler.scale([small, small, small], far, 0, 720, [large, large, large], [640, 320, 320]);
  throw new Error('The library did not crash.');
};

const { sendPacket, sendPacketSync } = CodecContext.prototype;
CodecContext.prototype.sendPacket = function (packet) {
  return isPoison(packet) ? crash() : sendPacket.call(this, packet);
};
CodecContext.prototype.sendPacketSync = function (packet) {
  if (!isPoison(packet)) return sendPacketSync.call(this, packet);
  void crash();
  // The thread that crashes takes all with it while this one is in the call.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return 0;
};
