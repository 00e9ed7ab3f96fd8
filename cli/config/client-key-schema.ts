/** The keys of other clients, for editors: what becomes of each. */
import { z } from 'zod'
import { ALLOWS, DENIES, LEFT_OUT, OF_THE_CLIENT, RENAMED, TIMES } from './client-keys.ts'

function describeAll(keys: Iterable<string>, type: z.ZodType, say: (key: string) => string) {
  return Object.fromEntries([...keys].map((key) => [key, type.optional().describe(say(key))]))
}

const UNITS = { 1: 'milliseconds', 1_000: 'seconds' } as Record<number, string>
const names = z.array(z.string()).nullable()

export const CLIENT_KEYS = {
  ...describeAll(Object.keys(RENAMED), z.unknown(), (key) => `Another spelling of ${RENAMED[key]}`),
  ...describeAll(ALLOWS, names, () => 'Read as allow of catalog.tools: these tools and no others'),
  ...describeAll(DENIES, names, () => 'Read as deny of catalog.tools: not these tools'),
  ...describeAll(Object.keys(TIMES), z.number(), (key) => {
    const { bounds = 'call', unitMs = 1 } = TIMES[key] ?? {}
    return `Read as timeoutMs.${bounds}, in ${UNITS[unitMs]}`
  }),
  ...describeAll(Object.keys(LEFT_OUT), z.unknown(), (key) => `Ignored: ${LEFT_OUT[key]}`),
  ...describeAll(OF_THE_CLIENT, z.unknown(), () => 'Ignored: it is about the client itself'),
  timeout: z
    .number()
    .nullish()
    .describe('Read as timeoutMs.call: up to 3600 in seconds, above that in milliseconds'),
  envFile: z
    .string()
    .optional()
    .describe('A file of variables, NAME=value in each line. Those of env come first'),
  env_vars: z.array(z.unknown()).optional().describe('Variables of the environment to pass on'),
  env_keys: z.array(z.unknown()).optional().describe('Names of secrets to put into env'),
  bearer_token_env_var: z.string().optional().describe('The variable that has the bearer token'),
  env_http_headers: z
    .record(z.string(), z.string())
    .optional()
    .describe('Headers by the variable that has the value'),
  customUserVars: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Read as secrets of each user'),
}

/** Numbers and switches become texts. */
export const CLIENT_TEXT = z.union([z.string(), z.number(), z.boolean()])

/** `null` is ignored. */
export const CLIENT_TEXTS = z.record(z.string(), CLIENT_TEXT.nullable()).optional()
