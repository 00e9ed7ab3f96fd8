/** Why a server is not ready, in answers about servers. */
import { z } from 'zod'

export const why = {
  error: z
    .string()
    .optional()
    .describe('Why it is not ready; absent, too, while nobody has started it'),
  output: z.array(z.string()).optional().describe('The last lines that it printed, at most 10'),
  hint: z.string().optional().describe('What to do about it'),
}
