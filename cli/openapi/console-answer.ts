/** What the control plane answers about consoles. */
import * as z from 'zod'

export const ConsoleAnswer = z.strictObject({
  isAwake: z.boolean().describe('false: no container runs, and consoles begin anew with each'),
  isCut: z.boolean().describe('Older lines were left out'),
  lines: z.array(
    z.strictObject({
      time: z.string().describe('ISO 8601, in UTC'),
      pid: z.int().describe('0: a remote server'),
      stream: z.enum(['stderr', 'stdout']).describe('stdout: what was no MCP message'),
      callId: z
        .union([z.string(), z.number()])
        .optional()
        .describe('Of the call that was in flight, where there was exactly one'),
      text: z.string().describe('Secrets of its launch are replaced'),
    }),
  ),
})
