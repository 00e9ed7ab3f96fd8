/** Values of a launch that are secrets by their looks, though its configuration has them as they are. Pure. */
import type { ProcessLaunch } from '#protocol/link.ts'

const SECRET_NAME = /key|token|secret|passw|pwd|credential|auth|private|cookie/i
/** A shorter value is likely to be a mode or a number. */
const MIN_CHARS = 8
/** `https://user:password@host` */
const USER_INFO = /\/\/[^/\s:@]*:([^/\s@]+)@/g
const SCHEME = /^(?:Bearer|Basic|Token)\s+/i

export function secretValues({ env, args, secrets = [] }: ProcessLaunch): string[] {
  const named = Object.entries(env).flatMap(([name, value]) =>
    SECRET_NAME.test(name) ? value : [],
  )
  const texts = [...Object.values(env), ...args]
  const passwords = texts.flatMap((text) => [...text.matchAll(USER_INFO)].map(([, found]) => found))
  const found = [...named, ...args.flatMap(readOption), ...passwords]
    .map((value = '') => value.replace(SCHEME, '').trim())
    .filter((value) => value.length >= MIN_CHARS)
  return [...new Set([...secrets, ...found])]
}

/** `--api-key=VALUE`, `--api-key VALUE`, `--header "Authorization: Bearer VALUE"`. */
function readOption(arg: string, at: number, args: readonly string[]): string[] {
  const [, name = '', value] = /^(?:-{1,2})?([A-Za-z][\w-]*)\s*[=:]\s*(.+)$/.exec(arg) ?? []
  if (value !== undefined) return SECRET_NAME.test(name) ? [value] : []
  const next = args[at + 1]
  const isOption = arg.startsWith('-') && SECRET_NAME.test(arg)
  return isOption && next !== undefined && !next.startsWith('-') ? [next] : []
}
