/** Installations, as a person hears of them while servers start. */
import { z } from 'zod'
import type { Log } from './log.ts'
import { toPlain } from './table.ts'

const Line = z.looseObject({
  event: z.enum(['package_installing', 'package_installed']),
  package: z.string(),
  ms: z.number().optional(),
})

/** Whether a line of the host program is about an installation: then it is told in words of ours. */
export function hearInstallation(text: string, log: Log): boolean {
  if (!text.includes('"package_install')) return false
  const line = Line.safeParse(parse(text))
  if (!line.success) return false
  const { event, package: name, ms = 0 } = line.data
  const what = toPlain(name)
  if (event === 'package_installing') log.write('info', `installing ${what} …`)
  else log.write('info', `installed ${what} in ${Math.round(ms / 1000)} s`)
  return true
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // a line of text
  }
}
