/**
 * URIs of the catalog. One that a single server has stays as it is; one that several have becomes
 * `hearth://{server}/{uri}`, from which the server's own is read back. Pure.
 */
import { SPILL_URI } from '#protocol/transform.ts'
import { matchesPattern } from '#protocol/pattern.ts'

const PREFIX = 'hearth://'

/** Whose is a URI or a template. */
export interface URIOwners {
  /** By URI, and by template. */
  owners: ReadonlyMap<string, readonly string[]>
  templates: readonly { server: string; pattern: string }[]
}

export function toNamespaced(server: string, uri: string): string {
  return `${PREFIX}${server}/${uri}`
}

/** `undefined` for a URI that is as its server has it. */
export function fromNamespaced(uri: string): { server: string; uri: string } | undefined {
  if (!uri.startsWith(PREFIX)) return undefined
  const end = uri.indexOf('/', PREFIX.length)
  if (end < 0) return undefined
  return { server: uri.slice(PREFIX.length, end), uri: uri.slice(end + 1) }
}

/** What a listed URI, or template, of a server is called in the catalog. */
export function exposeListed({ owners }: URIOwners, server: string, uri: string): string {
  return (owners.get(uri)?.length ?? 0) > 1 ? toNamespaced(server, uri) : uri
}

/**
 * The same for one that a server names in an answer. What it lists or has a template for must lead back
 * to it, as must a result that Hearth keeps for it. Anything else, a web page or another server's file,
 * is no resource of its own, and stays as it is.
 */
export function exposeURI(known: URIOwners, server: string, uri: string): string {
  if (ownerOf(known, uri) === server) return uri
  const isOwn =
    uri.startsWith(SPILL_URI) ||
    known.owners.get(uri)?.includes(server) === true ||
    known.templates.some((one) => one.server === server && matchesPattern(one.pattern, uri))
  return isOwn ? toNamespaced(server, uri) : uri
}

/** The server that a URI of the catalog leads to, where there is exactly one. */
export function ownerOf({ owners, templates }: URIOwners, uri: string): string | undefined {
  const listed = owners.get(uri)
  if (listed !== undefined) return listed.length === 1 ? listed[0] : undefined
  const matching = new Set(
    templates.flatMap(({ server, pattern }) => (matchesPattern(pattern, uri) ? [server] : [])),
  )
  const [only] = matching
  return matching.size === 1 ? only : undefined
}

/** A template as a pattern: `*` in the place of each expression. */
export function toTemplatePattern(template: string): string {
  return template.replace(/\{[^{}]*\}/g, '*')
}
