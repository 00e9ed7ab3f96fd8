/** One cell of the matrix: it is asked, and its answer judged by all that holds for each answer. */
import { ask, outcomeOf, type Answer } from './ask.ts'
import { findCanaries, type Canary } from './canaries.ts'
import { findWrongChallenge, withoutAnnouncement, type Asking } from './challenge.ts'
import type { Endpoint } from './endpoint.ts'
import {
  expectedOf,
  standingAt,
  type CredentialName,
  type Form,
  type Standing,
} from './expected.ts'
import type { TenantName } from './tenant.ts'
import { otherOf, type World } from './world.ts'

/** No tenant has this name. */
export const NOBODY = 'nobody'
/** These must not tell whether there is such a tenant. */
const STRANGERS: ReadonlySet<Standing> = new Set(['missing', 'malformed', 'unknown'])

/** Paths that name a tenant. */
const HAS_TENANT: ReadonlySet<Form> = new Set(['tenant', 'admin'])

export interface Cell {
  world: World
  endpoint: Endpoint
  tenant: TenantName
  credential: CredentialName
}

export function expectedAt(cell: Cell): string {
  const { announces } = cell.world.tenants[cell.tenant]
  return expectedOf(cell.endpoint.kind, standingOf(cell), announces)
}

/** `problems` is empty for a good answer. */
export async function runCell(cell: Cell): Promise<{ outcome: string; problems: string[] }> {
  const answer = await askAt(cell, cell.tenant)
  const asking = toAsking(cell)
  const problems = [
    ...findLeaks(cell, answer),
    findWrongChallenge(answer, asking),
    answer.status >= 500 ? `status ${answer.status}` : undefined,
    isCompared(cell) ? await findDifference(cell, answer) : undefined,
  ].filter((problem) => problem !== undefined)
  const where = `${cell.credential} at ${cell.tenant}`
  return { outcome: outcomeOf(answer), problems: problems.map((one) => `${where}: ${one}`) }
}

function standingOf({ endpoint, credential }: Cell): Standing {
  return standingAt(endpoint.form, credential)
}

function toAsking(cell: Cell): Asking {
  const { world, endpoint, tenant } = cell
  const announces = world.tenants[tenant].announces && endpoint.form === 'tenant'
  return { origin: world.gateway.url, standing: standingOf(cell), announces }
}

/** Of a tenant that is no more: whether it is answered as one that never was. */
export async function isForgotten(cell: Cell): Promise<boolean> {
  const [gone, unknown] = [await askAt(cell, cell.tenant, false), await askAt(cell, NOBODY, false)]
  return toBytes(gone) === toBytes(unknown)
}

function toBytes({ status, headers, text }: Answer): string {
  return JSON.stringify({ status, headers, text })
}

async function askAt(cell: Cell, pathTenant: string, mayBeGranted = true): Promise<Answer> {
  const { world, endpoint, tenant, credential } = cell
  const isGranted = mayBeGranted && pathTenant === tenant && expectedAt(cell).startsWith('2')
  const request = await endpoint.toRequest({ world, tenant, pathTenant, credential, isGranted })
  return ask(world.gateway.url, request, world.headers[tenant][credential])
}

/** What is whose, and what a server tells on purpose; and that the search would find it. */
function findLeaks(cell: Cell, answer: Answer): string[] {
  const { world, endpoint } = cell
  const whole = [...answer.headers.map((header) => header.join(': ')), answer.text].join('\n')
  const owner = ownerOf(cell)
  const problems = findCanaries(whole, forbiddenIn(cell, answer, owner)).map(
    (name) => `holds ${name}`,
  )
  const { shows } = endpoint
  if (shows === undefined || owner === undefined || !isServed(cell)) return problems
  const own = world.canaries[owner].filter(({ name }) => name === `${owner}: ${shows}`)
  if (findCanaries(whole, own).length === 0) problems.push(`lacks its own ${shows}`)
  return problems
}

function isServed(cell: Cell): boolean {
  const standing = standingOf(cell)
  return standing !== 'visitor' && standing !== 'empty' && expectedAt(cell) === '200'
}

/** Whose things the answer may hold: nobody's for a credential that is not good there. */
function ownerOf(cell: Cell): TenantName | undefined {
  const standing = standingOf(cell)
  if (standing === 'neighbour') return otherOf(cell.tenant)
  const isTaken = ['member', 'visitor', 'empty', 'operator'].includes(standing)
  return isTaken ? cell.tenant : undefined
}

/** What is no secret may be told back to who said it. */
function forbiddenIn({ world, endpoint }: Cell, { request }: Answer, owner?: TenantName): Canary[] {
  const said = JSON.stringify(request)
  return (['alpha', 'beta'] as const).flatMap((name) => {
    const told = name === owner && endpoint.tells === true ? `${name}: secret` : ''
    return world.canaries[name].filter((canary) => {
      if (canary.isSecret) return canary.name !== told
      return name !== owner && !said.includes(canary.text)
    })
  })
}

function isCompared(cell: Cell): boolean {
  const { endpoint, world, tenant } = cell
  if (endpoint.kind === 'metadata') return !world.tenants[tenant].announces
  return HAS_TENANT.has(endpoint.form) && STRANGERS.has(standingOf(cell))
}

/** Byte for byte; but for what the tenant announces to everybody. */
async function findDifference(cell: Cell, answer: Answer): Promise<string | undefined> {
  const known = toBytes(withoutAnnouncement(answer, toAsking(cell)))
  const unknown = toBytes(await askAt(cell, NOBODY))
  return known === unknown ? undefined : `${known} is not what ${NOBODY} gets: ${unknown}`
}
