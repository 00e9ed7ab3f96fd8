/** What `hearth up` says of a change of its configuration file: for people, or as one line of JSON. Pure. */
import type { Reload } from './live-config.ts'

const KINDS = ['added', 'changed', 'removed', 'settings'] as const

export function toReloadText(reload: Reload): string {
  switch (reload.outcome) {
    case 'applied': {
      const kinds = KINDS.filter((kind) => reload[kind].length)
      const parts = kinds.map((kind) => `${kind} ${reload[kind].join(', ')}`)
      return `the configuration has changed: ${parts.join('; ')}`
    }
    case 'refused':
      return ['the configuration is not valid; what runs goes on:', ...reload.problems].join('\n  ')
    case 'mended':
      return 'the configuration is valid again, and says what runs'
  }
}

/** Names alone: the configuration itself may hold secrets. */
export function toReloadLine(reload: Reload): string {
  if (reload.outcome !== 'applied') return JSON.stringify({ event: 'configuration', ...reload })
  const { config: _, ...names } = reload
  return JSON.stringify({ event: 'configuration', ...names })
}
