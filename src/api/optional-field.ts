/** Fields that may be left out of calls about people apart; null and '' mean the same. */
import { z } from 'zod';

export const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === null || value === '' ? undefined : value), schema.optional()).optional();
