/** An admin request's body and query, parsed. */
import type { Context } from 'hono'
import * as z from 'zod'
import { GatewayError, type ErrorCode } from '#protocol/errors.ts'
import { Bodies, Intake } from '../bodies/intake.ts'
import { readJSONBody } from '../body.ts'
import type { AdminEnv } from './admin-env.ts'
import { summariseIssues } from './issues.ts'

const MAX_BODY_BYTES = 2 * 1024 * 1024
/** Apart from those of calls: who administers gets in while they take all the room. */
const bodies = new Bodies()
const NUMBER = /^\d{1,15}$/

/** Throws `code` with the paths of what does not fit. */
export async function readBody<T extends z.ZodType>(
  c: Context<AdminEnv>,
  schema: T,
  code: ErrorCode = 'invalid_params',
): Promise<z.output<T>> {
  const tenant = c.req.param('tenant') ?? ''
  const intake = new Intake(bodies, { tenant, principal: '', credential: '' })
  try {
    const { value } = await readJSONBody(c.req.raw, MAX_BODY_BYTES, intake)
    return parse(schema, value, code)
  } finally {
    intake.release()
  }
}

/** A request without a body is one with `{}`. */
export async function readOptionalBody<T extends z.ZodType>(
  c: Context<AdminEnv>,
  schema: T,
): Promise<z.output<T>> {
  const isEmpty = c.req.raw.body === null || c.req.header('Content-Length') === '0'
  return isEmpty ? parse(schema, {}, 'invalid_params') : readBody(c, schema)
}

/** Digits are a number where the schema asks for one. */
export function readQuery<T extends z.ZodObject>(c: Context<AdminEnv>, schema: T): z.output<T> {
  const pairs = Object.entries(c.req.query()).map(([name, text]) => {
    const isNumber = NUMBER.test(text) && takesNumber(schema.shape[name])
    return [name, isNumber ? Number(text) : text]
  })
  return parse(schema, Object.fromEntries(pairs), 'invalid_params')
}

function takesNumber(schema: z.core.$ZodType | undefined): boolean {
  return schema !== undefined && z.safeParse(schema, 1).success
}

/** The detail shows no value that may be a secret. */
function parse<T extends z.ZodType>(schema: T, value: unknown, code: ErrorCode): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new GatewayError(code, { detail: summariseIssues(result.error.issues, { schema, value }) })
}
