/** What the admin routes answer, for the OpenAPI document. Tests parse real answers by it. */
import { z } from 'zod'
import { ERRORS, type ErrorCode } from '#protocol/errors.ts'
import { CatalogSettings } from '#protocol/catalog.ts'
import { Issuers } from '#protocol/issuers.ts'
import { Limits } from '#protocol/limits.ts'
import { Routes, Strategy } from '#protocol/routes.ts'
import { Grants } from '#protocol/scopes.ts'
import { ServerConfig, ServerConfigs } from '#protocol/server-config.ts'
import { FINDING_KINDS } from '#protocol/tool-pins.ts'
import { why } from './why.ts'
import { PROCESSES } from './processes.ts'

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
export const RewrappedAnswer = z.strictObject({
  rewrapped: z.int().describe('Those that were under another key'),
  failed: z.int().describe('Those that do not decrypt; they are as they were'),
  failures: z
    .array(z.strictObject({ name: z.string(), principal: z.string().optional(), why: z.string() }))
    .describe('The first 20 of them'),
})

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

export const CatalogAnswer = CatalogSettings
const Named = z.strictObject({ server: z.string(), tool: z.string() })
const diff = z.string().describe('Lines of indented JSON: - as it was, + as it is')
const fingerprint = z.string().describe('SHA-256 of the definition, as hex')
export const ToolsAnswer = z.strictObject({
  whenToolChanges: CatalogSettings.shape.whenToolChanges,
  whenToolAppears: z.enum(['allow', 'hold']),
  savings: z
    .strictObject({ tools: z.int(), tokens: z.int(), savedTokens: z.int() })
    .describe('What lazy tools save. Estimated: UTF-8 bytes of the definitions by four'),
  tools: z.array(
    z.strictObject({
      server: z.string(),
      tool: z.string().describe('As the server calls it'),
      state: z.enum(['approved', 'changed', 'quarantined', 'held']),
      fingerprint: fingerprint.optional(),
      approvedAt: time.optional(),
      isListed: z.boolean().describe('The server has shown it when it was asked last'),
      renamedFrom: z.string().optional(),
      pending: z.array(z.strictObject({ fingerprint, since: time, diff })),
      lastChange: z
        .strictObject({ from: fingerprint, at: time.optional(), diff })
        .optional()
        .describe('The last one that was approved, or let pass'),
    }),
  ),
  findings: z.array(
    z.strictObject({
      kind: z.enum(FINDING_KINDS),
      ...Named.shape,
      other: Named.optional().describe('Absent where no other tool is concerned'),
      text: z.string().describe('The same for people'),
    }),
  ),
})
export const ApprovedAnswer = Named.extend({ fingerprint })

export const RoutesAnswer = z.strictObject({ routes: Routes })
export const ExplanationAnswer = z.strictObject({
  kind: z.enum(['tool', 'prompt', 'resource']),
  name: z.string().describe('As it was asked for'),
  called: z
    .strictObject({
      server: z.string(),
      name: z.string().describe('As the server says it'),
      matchedAs: z.string().describe('What patterns are compared with'),
    })
    .optional()
    .describe('What it stands for; absent where that is nothing'),
  lookedAt: z
    .array(
      z.strictObject({
        route: z.string(),
        priority: z.int().optional().describe('Absent for the default route'),
        matches: z.boolean(),
        why: z.string(),
      }),
    )
    .describe('In this order; the last one is taken if it matches'),
  route: z.string().optional().describe('The one that is taken'),
  targets: z.array(
    z.strictObject({
      server: z.string(),
      name: z.string(),
      weight: z.int(),
      isUsable: z.boolean(),
      why: z.string().optional().describe('Why it is not'),
    }),
  ),
  policies: z.strictObject({
    strategy: Strategy.optional(),
    requiredScopes: z.array(z.string()),
    limits: z.array(z.string()).describe('Names'),
    timeoutMs: z.int().optional(),
    attempts: z.int().optional().describe('Tries at one server'),
    transform: z.array(z.string()).optional().describe('Kinds of its transformers'),
  }),
  missingScopes: z.array(z.string()).optional().describe('Of the caller'),
  text: z.string().describe('The same for people'),
})

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
      ...why,
    }),
  ),
})

const Resilience = z.strictObject({
  health: z.enum(['unknown', 'healthy', 'failing', 'unhealthy']),
  breaker: z
    .strictObject({
      state: z.enum(['closed', 'open', 'half-open']),
      since: time.optional().describe('Absent while it never changed'),
      retryAfterMs: z.int().optional().describe('Until a call may try'),
    })
    .optional()
    .describe('Absent where it is switched off'),
  inFlight: z.int(),
  queued: z.int(),
  calls: z.int().describe("Outcomes within the breaker's window"),
  failures: z.int().describe('Those of them that failed'),
  lastFailure: z.strictObject({ code: z.enum(codes), at: time }).optional(),
  answeredAt: time.optional().describe('The last call, or health check, that it answered'),
})

export const StatusAnswer = z.strictObject({
  version: z.string().describe('Of the gateway'),
  servers: z.array(
    z.strictObject({
      name: z.string(),
      ready: z.boolean(),
      eras: z.array(z.string()),
      isPersonal: z.boolean().optional(),
      placement: z
        .string()
        .optional()
        .describe('Of the server host that it is in; absent at the edge'),
      ...{ ...why, ...PROCESSES },
      lists: z
        .strictObject({
          tools: z.int().optional(),
          prompts: z.int().optional(),
          resources: z.int().optional(),
          templates: z.int().optional(),
          failure: z.enum(codes).optional().describe('Why one of them could not be got last'),
          notes: z
            .array(z.string())
            .optional()
            .describe('What was left out although the server answered, and why'),
        })
        .optional()
        .describe('What it has at /mcp, as far as it is known'),
      resilience: Resilience.optional().describe(
        'Of a personal server: all principals together, the worst of each',
      ),
    }),
  ),
})

export const OriginsAnswer = z.strictObject({
  isAwake: z.boolean().describe('false: no container runs, and figures begin anew with each'),
  origins: z.array(
    z.strictObject({
      origin: z.string(),
      requests: z.int().describe('Over HTTP, and upgrades to WebSocket'),
      successes: z.int().describe('Answered with a status below 500'),
      failures: z.int().describe('No answer, or a status of 500 and more'),
      meanLatencyMs: z.number().describe('Until the response began'),
      h2Share: z.number().describe('Of what was answered, over HTTP/2: 0 to 1'),
      inFlight: z.int(),
      mostInFlight: z.int(),
      connections: z.int(),
      placement: z
        .string()
        .optional()
        .describe('Of the server host that asked, where that is not main'),
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
