/** What the admin routes answer, for the OpenAPI document. Tests parse real answers by it. */
import { z } from 'zod'
import { ERRORS, type ErrorCode } from '#protocol/errors.ts'
import { Issuers } from '#protocol/issuers.ts'
import { Limits } from '#protocol/limits.ts'
import { Grants } from '#protocol/scopes.ts'
import { ServerConfig, ServerConfigs } from '#protocol/server-config.ts'

const time = z.int().describe('Milliseconds since 1970')
const codes = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]
const cursor = z.string().optional().describe('Of the next page; absent on the last')

export const TenantAnswer = z.strictObject({
  tenant: z.string(),
  createdAt: time,
  configVersion: z.int(),
  servers: z.int(),
  tokens: z.int().describe('Those that live'),
})

export const TenantsAnswer = z.strictObject({
  items: z.array(z.strictObject({ name: z.string(), createdAt: time })),
  cursor,
})

export const ServerAnswer = ServerConfig
export const ServersAnswer = z.strictObject({ version: z.int(), servers: ServerConfigs })
export const VersionAnswer = z.strictObject({ version: z.int().describe("The configuration's") })
export const DeletedAnswer = z.strictObject({ deleted: z.literal(true) })
export const DrainedAnswer = z.strictObject({ drained: z.literal(true) })
export const RewrappedAnswer = z.strictObject({ rewrapped: z.int() })

export const TokenAnswer = z.strictObject({
  keyId: z.string(),
  principal: z.string().describe('The same after a rotation'),
  name: z.string(),
  grants: Grants,
  createdAt: time,
  createdBy: z.string(),
  expiresAt: time.optional(),
  lastUsedAt: time.optional().describe('To the minute'),
  revokedAt: time.optional(),
  replacedBy: z.string().optional().describe('Key id of the token that it was rotated to'),
})
export const TokensAnswer = z.strictObject({ tokens: z.array(TokenAnswer) })
export const NewTokenAnswer = z.strictObject({
  token: z.string().describe('The whole token. It is shown this once'),
  info: TokenAnswer,
})
export const RotatedAnswer = NewTokenAnswer.extend({ old: TokenAnswer })

export const SecretAnswer = z.strictObject({
  name: z.string(),
  principal: z.string().optional(),
  version: z.int(),
  keyId: z.string().describe('Of the master key'),
  updatedAt: time,
})
export const SecretsAnswer = z.strictObject({ secrets: z.array(SecretAnswer) })

export const LimitsAnswer = z.strictObject({ limits: Limits, shards: z.int() })
export const IssuersAnswer = z.strictObject({
  issuers: Issuers,
  withoutSecret: z.array(z.string()).describe('Issuers whose secret is not set'),
})

export const AuditEventAnswer = z.strictObject({
  id: z.int(),
  time,
  actor: z.strictObject({
    by: z.string().describe('operator, or a principal'),
    credential: z.string(),
    from: z.string().optional().describe('Address of the client, where the platform tells'),
    requestId: z.string(),
  }),
  action: z.string(),
  target: z.string().optional(),
  outcome: z.enum(['ok', ...codes]),
  detail: z.record(z.string(), z.unknown()).optional(),
})
export const AuditAnswer = z.strictObject({ items: z.array(AuditEventAnswer), cursor })

export const WarmAnswer = z.strictObject({
  servers: z.array(
    z.strictObject({
      name: z.string(),
      ready: z.boolean(),
      eras: z.array(z.string()),
      error: z.string().optional(),
    }),
  ),
})

export const ErrorAnswer = z.strictObject({
  error: z.looseObject({
    code: z.enum(codes),
    message: z.string(),
    retryable: z.boolean(),
    retryAfterMs: z.number().optional(),
  }),
})
