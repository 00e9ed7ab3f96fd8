/** The four lists that a server offers, and what in each of them a client calls an entry by. */
import type { Kind } from '#protocol/scopes.ts'

export const LIST_KINDS = ['tools', 'prompts', 'resources', 'templates'] as const
export type ListKind = (typeof LIST_KINDS)[number]

interface ListSpec {
  method: string
  /** Where the list is in its result. */
  member: string
  /** What names an entry. */
  key: string
  access: Kind
  /** Of the server: without it there is no such list. */
  capability: 'tools' | 'prompts' | 'resources'
  /** What a server says when it changes. */
  changed: string
}

export const LISTS: Readonly<Record<ListKind, ListSpec>> = {
  tools: {
    method: 'tools/list',
    member: 'tools',
    key: 'name',
    access: 'tool',
    capability: 'tools',
    changed: 'notifications/tools/list_changed',
  },
  prompts: {
    method: 'prompts/list',
    member: 'prompts',
    key: 'name',
    access: 'prompt',
    capability: 'prompts',
    changed: 'notifications/prompts/list_changed',
  },
  resources: {
    method: 'resources/list',
    member: 'resources',
    key: 'uri',
    access: 'resource',
    capability: 'resources',
    changed: 'notifications/resources/list_changed',
  },
  templates: {
    method: 'resources/templates/list',
    member: 'resourceTemplates',
    key: 'uriTemplate',
    access: 'resource',
    capability: 'resources',
    changed: 'notifications/resources/list_changed',
  },
}

export function listKindOf(method: string): ListKind | undefined {
  return LIST_KINDS.find((kind) => LISTS[kind].method === method)
}

/** The lists that a notification says have changed. */
export function changedKinds(method: string): ListKind[] {
  return LIST_KINDS.filter((kind) => LISTS[kind].changed === method)
}
