/** What is different between two configurations, in names. Pure. */
import { isDeepStrictEqual } from 'node:util'
import type { FileConfig } from '../config-file.ts'

export interface Difference {
  /** Servers. */
  added: string[]
  changed: string[]
  removed: string[]
  /** What the tenant has beside its servers. */
  settings: string[]
}

export function compareConfigs(before: FileConfig, after: FileConfig): Difference {
  const { servers } = before
  const names = Object.keys(after.servers)
  const settings = new Map<string, unknown>(Object.entries(after.settings))
  const formerSettings = new Map<string, unknown>(Object.entries(before.settings))
  const settingNames = new Set([...settings.keys(), ...formerSettings.keys()])
  return {
    added: names.filter((name) => !Object.hasOwn(servers, name)),
    changed: names.filter((name) => {
      return Object.hasOwn(servers, name) && !isDeepStrictEqual(servers[name], after.servers[name])
    }),
    removed: Object.keys(servers).filter((name) => !Object.hasOwn(after.servers, name)),
    settings: [...settingNames].filter((name) => {
      return !isDeepStrictEqual(formerSettings.get(name), settings.get(name))
    }),
  }
}

export function isSame(difference: Difference): boolean {
  return Object.values(difference).every((names: string[]) => names.length === 0)
}
