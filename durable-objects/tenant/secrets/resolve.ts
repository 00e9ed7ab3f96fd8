/** A server's configuration and the secrets that it refers to → what is launched. Pure. */
import { HEADER_VALUE } from '#protocol/remote/headers.ts'
import type { RemoteTarget } from '#protocol/remote/remote.ts'
import { findReferences, substitute, type SecretReference } from '#protocol/secrets.ts'
import { isRemote, type RemoteConfig, type ServerConfig } from '#protocol/server-config.ts'
import type { ResolvedProcess, ResolvedServer } from '#protocol/tenant.ts'
import { valueBytes, type Opened } from './cipher.ts'
import type { SecretHead } from './store.ts'

/** What references put into one server's arguments, environment and headers: the system takes not much more. */
const MAX_SERVER_SECRET_BYTES = 128 * 1024
/** The same over all servers: they travel to the host program in one frame. */
export const MAX_INSERTED_BYTES = 1024 * 1024

/** What is known of a server before anything is decrypted. */
export interface Plan {
  name: string
  config: ServerConfig
  /** Without repetitions. */
  references: { reference: SecretReference; head: SecretHead | undefined }[]
  missing: string[]
  /** Why its secrets cannot be used, whatever they hold. */
  refusal: string | undefined
  /** Bytes that its references put in. */
  bytes: number
}

/** For whom, and what is left for this and the servers after it. */
export interface Surroundings {
  find: (reference: SecretReference) => SecretHead | undefined
  roomBytes: number
}

export function planServer(
  name: string,
  config: ServerConfig,
  { find, roomBytes }: Surroundings,
): Plan {
  const found = new Map<string, { reference: SecretReference; head: SecretHead | undefined }>()
  let bytes = 0
  for (const reference of findReferences(config)) {
    const known = found.get(reference.text) ?? { reference, head: find(reference) }
    found.set(reference.text, known)
    bytes += known.head === undefined ? 0 : valueBytes(known.head.bytes)
  }
  const references = [...found.values()]
  const missing = references
    .filter(({ head }) => head === undefined)
    .map(({ reference }) => reference.text)
  const refusal =
    bytes > MAX_SERVER_SECRET_BYTES
      ? `its secrets have more than ${MAX_SERVER_SECRET_BYTES} bytes together`
      : bytes > roomBytes
        ? `the secrets of all servers have more than ${MAX_INSERTED_BYTES} bytes together`
        : undefined
  return { name, config, references, missing, refusal, bytes: refusal === undefined ? bytes : 0 }
}

/** `opened` by the text of the reference; `owner` is in the identity of what holds secrets. */
export function resolveServer(
  { config, references, missing, refusal }: Plan,
  opened: ReadonlyMap<string, Opened>,
  owner: { tenant: string; principal: string | undefined },
): ResolvedServer {
  const values = new Map<string, string>()
  const unusable = refusal === undefined ? [] : [refusal]
  for (const { reference } of references) {
    const answer = opened.get(reference.text)
    if (answer?.ok === true) values.set(reference.text, answer.value)
    else if (answer !== undefined) unusable.push(`${reference.text}: ${answer.why}`)
  }
  const isPersonal = references.some(({ reference }) => reference.owner === 'principal')
  const fill = (text: string): string => substitute(text, values)
  unusable.push(...findUnsendable(config, fill))
  const canStart = missing.length === 0 && unusable.length === 0
  return {
    config,
    ...(canStart ? fillIn(config, fill) : leaveEmpty(config)),
    identity: identify(config, references, isPersonal ? owner : { ...owner, principal: undefined }),
    secrets: canStart ? [...new Set(values.values())] : [],
    missing,
    unusable,
    isPersonal,
  }
}

/** A personal server as it is known of without a principal: what it is, but not what is launched. */
export function describePersonal(config: ServerConfig): ResolvedServer {
  const nothing = { identity: '', secrets: [], missing: [], unusable: [] }
  return { config, ...leaveEmpty(config), ...nothing, isPersonal: true }
}

type Filled = Pick<ResolvedProcess, 'command' | 'args' | 'env' | 'cwd'> | { remote: RemoteTarget }

function fillIn(config: ServerConfig, fill: (text: string) => string): Filled {
  if (isRemote(config)) return toTarget(config, mapValues(config.headers, fill))
  const { command, args, env, cwd } = config
  return {
    command,
    args: args.map(fill),
    env: mapValues(env, fill),
    ...(cwd === undefined ? {} : { cwd }),
  }
}

function leaveEmpty(config: ServerConfig): Filled {
  if (isRemote(config)) return toTarget(config, {})
  return { command: config.command, args: [], env: {} }
}

function toTarget(
  { url, transport, allowPrivate }: RemoteConfig,
  headers: Record<string, string>,
): Filled {
  return { remote: { url, headers, transport, allowPrivate } }
}

/** A secret may hold what a header cannot: a line end, most of all. */
function findUnsendable(config: ServerConfig, fill: (text: string) => string): string[] {
  if (!isRemote(config)) return []
  const names = Object.keys(config.headers).filter(
    (name) => !HEADER_VALUE.test(fill(config.headers[name] ?? '')),
  )
  return names.map((name) => `headers.${name} would have characters that no header can have`)
}

/**
 * Equal for equal commands or targets, and different for different ones, without holding a value.
 * Whose secrets they are is part of it: equal references of two tenants or principals mean
 * different values.
 */
function identify(
  config: ServerConfig,
  references: Plan['references'],
  { tenant, principal }: { tenant: string; principal: string | undefined },
): string {
  const written = write(config)
  if (references.length === 0) return JSON.stringify(written)
  const versions = references.map(({ reference, head }) => {
    return [reference.text, head?.version ?? null, head?.revision ?? null]
  })
  return JSON.stringify([...written, { tenant, principal: principal ?? null, versions }])
}

function write(config: ServerConfig): unknown[] {
  if (!isRemote(config)) {
    const { command, args, env, cwd } = config
    return [command, args, Object.entries(env).sort(), cwd]
  }
  const { url, headers, transport, via, allowPrivate, pool = null } = config
  return ['remote', url, Object.entries(headers).sort(), transport, via, allowPrivate, pool]
}

function mapValues(
  record: Record<string, string>,
  change: (text: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, text]) => [key, change(text)]))
}
