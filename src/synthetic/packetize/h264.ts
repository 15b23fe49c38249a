/** RTP payload format for H.264 (RFC 6184), packetization mode 1: single NAL units, STAP-A for parameter sets, FU-A for the rest. */
import { cut, MAX_PAYLOAD, type Packetize } from './payload.ts';

const SEI = 6;
const SPS = 7;
const PPS = 8;
const STAP_A = 24;
const FU_A = 28;

const typeOf = (unit: Buffer): number => (unit[0] ?? 0) & 0x1f;

/** NAL units of an Annex B access unit, start codes removed. */
export const nalUnits = (accessUnit: Buffer): Buffer[] => {
  const starts: { code: number; unit: number }[] = [];
  for (let at = accessUnit.indexOf('000001', 0, 'hex'); at >= 0; at = accessUnit.indexOf('000001', at + 3, 'hex')) {
    starts.push({ code: at > 0 && accessUnit[at - 1] === 0 ? at - 1 : at, unit: at + 3 });
  }
  return starts.map(({ unit }, index) => accessUnit.subarray(unit, starts[index + 1]?.code ?? accessUnit.length));
};

const aggregate = (units: readonly Buffer[]): Buffer => {
  const parts: Buffer[] = [Buffer.from([(3 << 5) | STAP_A])];
  for (const unit of units) {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(unit.length);
    parts.push(length, unit);
  }
  return Buffer.concat(parts);
};

const fragment = (unit: Buffer): Buffer[] => {
  const head = unit[0] ?? 0;
  const parts = cut(unit.subarray(1), MAX_PAYLOAD - 2);
  return parts.map((part, index) => {
    const start = index === 0 ? 0x80 : 0;
    const end = index === parts.length - 1 ? 0x40 : 0;
    return Buffer.concat([Buffer.from([(head & 0xe0) | FU_A, start | end | typeOf(unit)]), part]);
  });
};

export const h264Packetizer = (): Packetize => (frame) => {
  const units = nalUnits(frame).filter((unit) => typeOf(unit) !== SEI);
  const parameters = units.filter((unit) => typeOf(unit) === SPS || typeOf(unit) === PPS);
  const pictures = units.filter((unit) => !parameters.includes(unit));
  return [
    ...(parameters.length > 0 ? [aggregate(parameters)] : []),
    ...pictures.flatMap((unit) => (unit.length <= MAX_PAYLOAD ? [unit] : fragment(unit))),
  ];
};
