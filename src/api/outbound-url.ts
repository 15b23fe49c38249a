/** URLs in bodies of calls: judged by their text when a call is taken (support/outbound-url.ts), by their addresses when they are called. */
import { z } from 'zod';
import { type AllowedNetworks, LONGEST_URL, outboundUrlProblem } from '../support/outbound-url.ts';

export const outboundUrl = (allowed: AllowedNetworks) =>
  z
    .string()
    .max(LONGEST_URL)
    .superRefine((text, context) => {
      const problem = outboundUrlProblem(text, allowed);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    });
