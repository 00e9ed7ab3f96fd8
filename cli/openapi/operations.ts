/** Every admin route as a row: what it takes, what it answers, who may use it. */
import type { z } from 'zod'
import {
  ApprovalBody,
  AuditQueryParameters,
  ConsoleQueryParameters,
  WarmQueryParameters,
  IssuersBody,
  LimitsBody,
  NewTokenBody,
  ExplainQuery,
  RotateBody,
  RoutesBody,
  SecretBody,
  TenantsQuery,
  ToolsQuery,
} from '#protocol/admin.ts'
import { CatalogSettings } from '#protocol/catalog.ts'
import { ServerConfig, ServerConfigs } from '#protocol/server-config.ts'
import * as A from './answers.ts'
import { ConsoleAnswer } from './console-answer.ts'

export interface Operation {
  method: 'get' | 'put' | 'post' | 'delete'
  /** Below `/admin`. */
  path: string
  /** The name of the function that answers. */
  id: string
  summary: string
  /** Scopes of which one is enough; none: the operator alone. */
  scopes: string[]
  query?: z.ZodObject
  body?: z.ZodType
  isBodyOptional?: true
  answer: z.ZodType
  /** It can answer JSON Lines, too: one of these each. */
  line?: z.ZodType
}

const ANY_PART = ['admin:servers', 'admin:tokens', 'admin:secrets', 'admin:audit']
const TENANT = '/tenants/{tenant}'

const TENANTS: Operation[] = [
  {
    ...{ method: 'get', path: '/tenants', id: 'listTenants', scopes: [] },
    ...{ summary: 'Lists the tenants by name', query: TenantsQuery, answer: A.TenantsAnswer },
  },
  {
    ...{ method: 'put', path: TENANT, id: 'createTenant', scopes: [] },
    ...{ summary: 'Makes a tenant; one that is there stays as it is', answer: A.TenantAnswer },
  },
  {
    ...{ method: 'get', path: TENANT, id: 'getTenant', scopes: ANY_PART },
    ...{ summary: 'What a tenant has', answer: A.TenantAnswer },
  },
  {
    ...{ method: 'delete', path: TENANT, id: 'deleteTenant', scopes: [] },
    ...{ summary: 'Deletes a tenant and all that is its', answer: A.DeletedAnswer },
  },
  {
    ...{ method: 'post', path: `${TENANT}/drain`, id: 'drain', scopes: [] },
    summary: 'Refuses new calls for a while, and waits for running ones',
    answer: A.DrainedAnswer,
  },
  {
    ...{ method: 'post', path: `${TENANT}/warm`, id: 'warm', scopes: [] },
    ...{ query: WarmQueryParameters, answer: A.WarmAnswer },
    summary: 'Starts every server, and says which of them are ready',
  },
  {
    ...{ method: 'get', path: `${TENANT}/status`, id: 'status', scopes: ['admin:servers'] },
    ...{ summary: 'How every server fares. Starts nothing', answer: A.StatusAnswer },
  },
  {
    ...{ method: 'get', path: `${TENANT}/origins`, id: 'origins', scopes: ['admin:servers'] },
    summary: 'How requests from the host program to remote servers went. Starts nothing',
    answer: A.OriginsAnswer,
  },
  {
    ...{ method: 'get', path: `${TENANT}/servers/{server}/console`, id: 'logs' },
    ...{ scopes: ['admin:servers'], query: ConsoleQueryParameters },
    summary: 'What the processes of a server have printed, oldest first. Starts nothing',
    answer: ConsoleAnswer,
  },
]

const SERVERS: Operation[] = [
  {
    ...{ method: 'get', path: `${TENANT}/servers`, id: 'getServers', scopes: ['admin:servers'] },
    ...{ summary: 'The servers', answer: A.ServersAnswer },
  },
  {
    ...{ method: 'put', path: `${TENANT}/servers`, id: 'putServers', scopes: ['admin:servers'] },
    summary: 'Replaces the servers. By the operator it makes the tenant, too',
    ...{ body: ServerConfigs, answer: A.VersionAnswer },
  },
  ...oneServer('get', 'getServer', 'One server', A.ServerAnswer),
  ...oneServer('put', 'putServer', 'Adds or replaces one server', A.VersionAnswer, ServerConfig),
  ...oneServer('delete', 'deleteServer', 'Removes one server', A.VersionAnswer),
]

const TOKENS: Operation[] = [
  {
    ...{ method: 'get', path: `${TENANT}/tokens`, id: 'getTokens', scopes: ['admin:tokens'] },
    summary: 'The tokens, those included that ended in the last 30 days',
    answer: A.TokensAnswer,
  },
  {
    ...{ method: 'post', path: `${TENANT}/tokens`, id: 'createToken', scopes: ['admin:tokens'] },
    summary: 'Makes a token. Without the scope admin, with no more than the caller holds',
    ...{ body: NewTokenBody, answer: A.NewTokenAnswer },
  },
  {
    ...{ method: 'post', path: `${TENANT}/tokens/{keyId}/rotate`, id: 'rotateToken' },
    ...{ scopes: ['admin:tokens'], body: RotateBody, isBodyOptional: true },
    summary: 'A new token for the same principal; the old one ends after the overlap',
    answer: A.RotatedAnswer,
  },
  {
    ...{ method: 'delete', path: `${TENANT}/tokens/{keyId}`, id: 'revokeToken' },
    ...{ scopes: ['admin:tokens'], summary: 'Revokes a token: everywhere within 30 s' },
    answer: A.TokenAnswer,
  },
]

const OWNERS = [
  { path: TENANT, whose: "of the tenant's", scopes: ['admin:secrets'] },
  {
    path: `${TENANT}/principals/{principal}`,
    whose: "of a principal's own (me: the caller's)",
    scopes: ['admin:secrets', 'secrets'],
  },
]

const SECRETS: Operation[] = [
  {
    ...{ method: 'post', path: `${TENANT}/secrets/rewrap`, id: 'rewrap' },
    ...{ scopes: ['admin:secrets'], answer: A.RewrappedAnswer },
    summary: 'Encrypts all of them under the newest master key',
  },
  ...OWNERS.flatMap(({ path, whose, scopes }): Operation[] => [
    {
      ...{ method: 'get', path: `${path}/secrets`, id: 'getSecrets', scopes },
      ...{ summary: `Names and versions ${whose} secrets`, answer: A.SecretsAnswer },
    },
    {
      ...{ method: 'put', path: `${path}/secrets/{secret}`, id: 'putSecret', scopes },
      ...{ summary: `Sets one ${whose} secrets`, body: SecretBody, answer: A.SecretAnswer },
    },
    {
      ...{ method: 'delete', path: `${path}/secrets/{secret}`, id: 'deleteSecret', scopes },
      ...{ summary: `Deletes one ${whose} secrets`, answer: A.DeletedAnswer },
    },
  ]),
]

const CATALOG: Operation[] = [
  {
    ...{ method: 'get', path: `${TENANT}/catalog`, id: 'getCatalog', scopes: ['admin:servers'] },
    ...{ summary: 'How the servers are one at /mcp', answer: A.CatalogAnswer },
  },
  {
    ...{ method: 'put', path: `${TENANT}/catalog`, id: 'putCatalog', scopes: ['admin:servers'] },
    summary: 'Replaces that; what is left out has its default',
    ...{ body: CatalogSettings, answer: A.VersionAnswer },
  },
  {
    ...{ method: 'get', path: `${TENANT}/tools`, id: 'getTools', scopes: ['admin:servers'] },
    summary: 'The approved definitions of tools, what has changed since, and what is odd',
    ...{ query: ToolsQuery, answer: A.ToolsAnswer },
  },
  {
    ...{ method: 'post', path: `${TENANT}/tools/{server}/{tool}/approve`, id: 'approveTool' },
    ...{ scopes: ['admin:servers'], body: ApprovalBody, isBodyOptional: true },
    ...{ summary: 'Approves the definition that a tool has now', answer: A.ApprovedAnswer },
  },
  {
    ...{ method: 'get', path: `${TENANT}/routes`, id: 'getRoutes', scopes: ['admin:servers'] },
    ...{ summary: 'The routes', answer: A.RoutesAnswer },
  },
  {
    ...{ method: 'put', path: `${TENANT}/routes`, id: 'putRoutes', scopes: ['admin:servers'] },
    summary: 'Replaces the routes. While one has limits, which names are whose is for the operator',
    ...{ body: RoutesBody, answer: A.VersionAnswer },
  },
  {
    ...{ method: 'get', path: `${TENANT}/explain`, id: 'getExplanation' },
    ...{ scopes: ['admin:servers'], query: ExplainQuery, answer: A.ExplanationAnswer },
    summary: 'Which route a name takes, and why',
  },
]

const POLICIES: Operation[] = [
  {
    ...{ method: 'get', path: `${TENANT}/limits`, id: 'getLimits', scopes: ANY_PART },
    ...{ summary: 'Rate limits, quotas and concurrency limits', answer: A.LimitsAnswer },
  },
  {
    ...{ method: 'put', path: `${TENANT}/limits`, id: 'putLimits', scopes: [] },
    ...{ summary: 'Replaces the limits', body: LimitsBody, answer: A.LimitsAnswer },
  },
  {
    ...{ method: 'get', path: `${TENANT}/issuers`, id: 'getIssuers', scopes: [] },
    ...{ summary: 'Who may issue JWTs', answer: A.IssuersAnswer },
  },
  {
    ...{ method: 'put', path: `${TENANT}/issuers`, id: 'putIssuers', scopes: [] },
    ...{ summary: 'Replaces the issuers', body: IssuersBody, answer: A.IssuersAnswer },
  },
  {
    ...{ method: 'get', path: `${TENANT}/audit`, id: 'getAudit', scopes: ['admin:audit'] },
    ...{ summary: 'Who did what, newest first', query: AuditQueryParameters },
    ...{ answer: A.AuditAnswer, line: A.AuditEventAnswer },
  },
]

export const OPERATIONS: readonly Operation[] = [
  ...[...TENANTS, ...SERVERS, ...TOKENS, ...SECRETS, ...CATALOG, ...POLICIES],
]

function oneServer(
  method: Operation['method'],
  id: string,
  summary: string,
  answer: z.ZodType,
  body?: z.ZodType,
): Operation[] {
  const path = `${TENANT}/servers/{server}`
  return [{ method, path, id, summary, scopes: ['admin:servers'], answer, ...(body && { body }) }]
}
