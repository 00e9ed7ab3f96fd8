/**
 * Two tools in the place of all: what the worker, which unwraps `call_tool`, and the ServerHost
 * object, which answers `find_tools`, agree on. Pure.
 */
import type { CatalogSettings } from './catalog.ts'

export const FIND_TOOLS = 'find_tools'
export const CALL_TOOL = 'call_tool'

/** In a URL's query. */
export const TOOLS_PARAM = 'tools'

/** `asked`: of the URL, before what is configured. `undefined` for a word that means nothing. */
export function readToolsParam(
  asked: string | undefined,
  configured: CatalogSettings['tools'],
): CatalogSettings['tools'] | undefined {
  const word = asked ?? configured
  return word === 'all' || word === 'lazy' ? word : undefined
}
