/** Lists of tools that a client shows, or hides, become the catalog's of the server. */
import { isObject } from '#protocol/json-rpc.ts'
import { ALLOWS, DENIES } from './client-keys.ts'
import type { Draft } from './draft.ts'

export function takeTools(draft: Draft): void {
  const { rest, problems, place } = draft
  const hidden = takeSwitches(draft)
  const [allow, ...more] = takeLists(draft, [...ALLOWS, 'tools'])
  const deny = [...hidden, ...takeLists(draft, DENIES).flat()]
  if (allow === undefined && deny.length === 0) return
  const catalog = isObject(rest.catalog) ? rest.catalog : {}
  const tools = isObject(catalog.tools) ? catalog.tools : {}
  // Only what is in both is meant, and of two patterns that is hard to say.
  if (more.length > 0 || (allow !== undefined && tools.allow !== undefined)) {
    problems.push(`${place.at}: has two lists of tools that are allowed: keep one of them`)
    return
  }
  const own: unknown = tools.deny ?? []
  // What is no list is refused as it stands.
  const denied = Array.isArray(own) ? [...deny, ...(own as unknown[])] : []
  const lists = { ...(allow && { allow }), ...(denied.length > 0 && { deny: denied }) }
  if (Object.keys(lists).length === 0) return
  // A client's own list holds wherever the tools are called.
  rest.catalog = { ...catalog, tools: { ...tools, ...lists, everywhere: true } }
}

/** `tools` by name: `false` and `enabled: false` hide one; what else Codex has there is ignored. */
function takeSwitches({ rest, notes, ignored }: Draft): string[] {
  const { tools } = rest
  if (!isObject(tools)) return []
  delete rest.tools
  const off = Object.keys(tools).filter((name) => isOff(tools[name]))
  const others = Object.keys(tools).filter((name) => isObject(tools[name]) && !off.includes(name))
  if (off.length > 0) notes.push(`kept tools: without ${off.join(', ')}`)
  if (others.length > 0) ignored.push(...others.map((name) => `tools.${name}`))
  return off
}

function isOff(tool: unknown): boolean {
  if (!isObject(tool)) return tool === false
  return tool.enabled === false || tool.disabled === true
}

/** Each that restricts something. */
function takeLists({ rest, notes, problems, place }: Draft, keys: readonly string[]): string[][] {
  const found: string[][] = []
  for (const key of keys) {
    const list = rest[key]
    if (list === undefined) continue
    delete rest[key]
    if (list === null || isEverything(key, list)) continue
    if (!Array.isArray(list) || !list.every((name) => typeof name === 'string')) {
      problems.push(`${place.at}.${key}: must be a list of names of tools`)
      continue
    }
    const names = list.map(toPattern)
    notes.push(`kept ${key}: ${names.length === 0 ? 'none' : names.join(', ')}`)
    found.push(names)
  }
  return found
}

/** `["*"]` of Copilot; and Goose means all by an empty list. */
function isEverything(key: string, list: unknown): boolean {
  if (!Array.isArray(list)) return false
  if (key === 'available_tools' || DENIES.includes(key)) return list.length === 0
  return list.includes('*')
}

/** Gemini may have a beginning of arguments behind the name: the whole tool is meant then. */
function toPattern(name: string): string {
  return name.replace(/\(.*$/s, '')
}
