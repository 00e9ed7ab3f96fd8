/** What a status says of a server's processes. */
import { z } from 'zod'

export const PROCESSES = {
  processes: z.int().optional().describe('Those that run; absent where that is not known'),
  spares: z.int().optional().describe('Those of them that nobody has'),
  start: z
    .string()
    .optional()
    .describe('What a start that is under way does, such as installing a package'),
}
