/** Fields that may be left out. */
import { z } from 'zod';

/** Of calls about people apart: null and '' mean the same. */
export const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === null || value === '' ? undefined : value), schema.optional()).optional();

const isOff = (value: unknown): boolean => value === null || value === '' || value === false;

/** Of start calls of rooms: null, false and '' mean the same. */
export const orOff = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (isOff(value) ? undefined : value), schema.optional()).optional();

/** May be left out or null. */
export const given = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === null ? undefined : value), schema.optional()).optional();
