/** docs/admin-openapi.json: the admin routes as OpenAPI 3.1. */
import { format } from 'prettier'
import { z } from 'zod'
import {
  ApprovalBody,
  IssuersBody,
  LimitsBody,
  NewTokenBody,
  RotateBody,
  RoutesBody,
  SecretBody,
} from '#protocol/admin.ts'
import { CatalogSettings } from '#protocol/catalog.ts'
import { Issuer } from '#protocol/issuers.ts'
import { Limit } from '#protocol/limits.ts'
import { Route } from '#protocol/routes.ts'
import { Grants } from '#protocol/scopes.ts'
import { ServerConfig, ServerConfigs } from '#protocol/server-config.ts'
import * as A from './answers.ts'
import { ConsoleAnswer } from './console-answer.ts'
import { OPERATIONS, type Operation } from './operations.ts'

type JSONObject = Record<string, unknown>

/** Schemas that are written down once, by their names. */
const COMPONENTS = z.registry<{ id: string }>()
const NAMED: Record<string, z.ZodType> = {
  ...{ Server: ServerConfig, Servers: ServerConfigs, Grants, Limit, Issuer },
  ...{ NewToken: NewTokenBody, Rotation: RotateBody, SecretValue: SecretBody },
  ...{ NewLimits: LimitsBody, NewIssuers: IssuersBody },
  ...{ Tenant: A.TenantAnswer, TenantPage: A.TenantsAnswer, ServerList: A.ServersAnswer },
  ...{ Version: A.VersionAnswer, Deleted: A.DeletedAnswer, Drained: A.DrainedAnswer },
  ...{ Token: A.TokenAnswer, TokenList: A.TokensAnswer, MadeToken: A.NewTokenAnswer },
  ...{ RotatedToken: A.RotatedAnswer, Secret: A.SecretAnswer, SecretList: A.SecretsAnswer },
  ...{ Rewrapped: A.RewrappedAnswer, LimitList: A.LimitsAnswer, IssuerList: A.IssuersAnswer },
  ...{ AuditEvent: A.AuditEventAnswer, AuditPage: A.AuditAnswer, Warmth: A.WarmAnswer },
  ...{ NewApproval: ApprovalBody, ToolList: A.ToolsAnswer, Approval: A.ApprovedAnswer },
  ...{ Catalog: CatalogSettings, Route, NewRoutes: RoutesBody, RouteList: A.RoutesAnswer },
  ...{ Explanation: A.ExplanationAnswer },
  ...{ Origins: A.OriginsAnswer, Status: A.StatusAnswer, Console: ConsoleAnswer },
  Error: A.ErrorAnswer,
}
for (const [id, schema] of Object.entries(NAMED)) COMPONENTS.add(schema, { id })

const INFO = {
  title: 'Hearth admin API',
  version: '1',
  description:
    'The control plane. The operator (the admin token) may do everything; a credential of a tenant what its scopes name, in its own tenant.',
}

/** In the project's own format. */
export async function toOpenAPI(): Promise<string> {
  const paths: Record<string, JSONObject> = {}
  for (const operation of OPERATIONS) {
    const path = (paths[`/admin${operation.path}`] ??= { parameters: pathParameters(operation) })
    path[operation.method] = describe(operation)
  }
  const document = {
    ...{ openapi: '3.1.0', info: INFO, security: [{ bearer: [] }], paths },
    components: {
      schemas: components(),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
  }
  return format(JSON.stringify(document), { parser: 'json', printWidth: 100 })
}

function describe(operation: Operation): JSONObject {
  const { id, path, summary, scopes, query, body, isBodyOptional, answer, line } = operation
  const isOfPrincipal = path.includes('{principal}')
  const who = scopes.length === 0 ? 'The operator alone.' : `The operator, or ${scopes.join(', ')}.`
  const content = json(refer(answer))
  return {
    operationId: isOfPrincipal ? `${id}OfPrincipal` : id,
    summary,
    description: who,
    ...(query && { parameters: queryParameters(query) }),
    ...(body && { requestBody: { required: !isBodyOptional, content: json(refer(body)) } }),
    responses: {
      200: {
        description: 'Done',
        content: line ? { ...content, 'application/x-ndjson': { schema: refer(line) } } : content,
      },
      default: { description: 'Refused', content: json(refer(A.ErrorAnswer)) },
    },
  }
}

function json(schema: JSONObject): JSONObject {
  return { 'application/json': { schema } }
}

function refer(schema: z.ZodType): JSONObject {
  const meta = COMPONENTS.get(schema)
  if (meta === undefined) throw new TypeError('a schema of an operation has no name')
  return { $ref: toReference(meta.id) }
}

function toReference(id: string): string {
  return `#/components/schemas/${id}`
}

/** What is given and what is answered in one form: a key with a default may be left out. */
function components(): JSONObject {
  const { schemas } = z.toJSONSchema(COMPONENTS, { uri: toReference, io: 'input' })
  for (const schema of Object.values(schemas)) {
    delete schema.$schema
    delete schema.$id
  }
  return schemas
}

function pathParameters({ path }: Operation): JSONObject[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    return { name, in: 'path', required: true, schema: { type: 'string' } }
  })
}

function queryParameters(query: z.ZodObject): JSONObject[] {
  const { properties = {} } = z.toJSONSchema(query, { io: 'input' })
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }))
}
