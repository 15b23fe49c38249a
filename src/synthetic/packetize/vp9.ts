/** RTP payload format for VP9 (RFC 9628), non-flexible mode, one layer, 15-bit picture ids; the size is told at keyframes. */
import type { Size } from '../../domain/layout.ts';
import { cut, MAX_PAYLOAD, type Packetize } from './payload.ts';

const DESCRIPTOR_BYTES = 3;
/** N_S=0, Y=1, G=0, then width and height (§4.2.1). */
const scalabilityStructure = ({ width, height }: Size): Buffer => {
  const structure = Buffer.alloc(5);
  structure[0] = 0x10;
  structure.writeUInt16BE(width, 1);
  structure.writeUInt16BE(height, 3);
  return structure;
};

/** I: picture id, P: refers to earlier pictures, B and E: begin and end of the frame, V: scalability structure. */
const FLAG = { I: 0x80, P: 0x40, B: 0x08, E: 0x04, V: 0x02 } as const;

export const vp9Packetizer = (size: Size, firstPictureId = 0x2345): Packetize => {
  let pictureId = firstPictureId & 0x7fff;
  const structure = scalabilityStructure(size);
  return (frame, keyframe) => {
    const parts = cut(frame, MAX_PAYLOAD - DESCRIPTOR_BYTES - structure.length);
    const payloads = parts.map((part, index) => {
      const first = index === 0;
      const withStructure = first && keyframe;
      const head = Buffer.alloc(DESCRIPTOR_BYTES);
      head[0] =
        FLAG.I |
        (keyframe ? 0 : FLAG.P) |
        (first ? FLAG.B : 0) |
        (index === parts.length - 1 ? FLAG.E : 0) |
        (withStructure ? FLAG.V : 0);
      head.writeUInt16BE(0x8000 | pictureId, 1);
      return Buffer.concat(withStructure ? [head, structure, part] : [head, part]);
    });
    pictureId = (pictureId + 1) & 0x7fff;
    return payloads;
  };
};
