/**
 * What of a tool is pinned: all that a model reads of it. Members that are not looked at (`_meta`,
 * icons, what nobody knows) may change freely. Pure but for the digest.
 */
import { toCanonicalJSON } from '#protocol/canonical-json.ts'
import { isObject } from '#protocol/json-rpc.ts'

const MEMBERS = ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations']
/** What is nested deeper is pinned as it is written. */
const MAX_DEPTH = 64

export interface Definition {
  /** As the server calls it. */
  tool: string
  /** Canonical JSON. */
  text: string
  /** SHA-256 of that, as hex. */
  fingerprint: string
}

/** `text`: the entry as its server wrote it. */
export async function readDefinition(tool: string, text: string): Promise<Definition> {
  const pinned = toPinned(text)
  return { tool, text: pinned, fingerprint: await sha256(pinned) }
}

/** Equal for tools that differ in their names alone. */
export function withoutName(definition: string): string {
  const { name: _, ...rest } = JSON.parse(definition) as Record<string, unknown>
  return toCanonicalJSON(rest, MAX_DEPTH) ?? definition
}

function toPinned(text: string): string {
  const entry: unknown = JSON.parse(text)
  const tool = isObject(entry) ? entry : {}
  const pinned = Object.fromEntries(MEMBERS.map((member) => [member, tool[member]]))
  return toCanonicalJSON(pinned, MAX_DEPTH) ?? JSON.stringify(pinned)
}

async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
