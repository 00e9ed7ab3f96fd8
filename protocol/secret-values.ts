/** Values of a launch that are secrets by their looks, though its configuration has them as they are. Pure. */
import type { ProcessLaunch } from './link.ts'
import { ACCESS_KEY, TOKEN_PREFIXES } from './secret-forms.ts'

const SECRET_NAME =
  /key|token|secret|passw|pwd|credential|auth|private|cookie|bearer|dsn|(?:^|[_-])pat(?:$|[_-])/i
/** A shorter value is likely to be a mode or a number. */
const MIN_CHARS = 8
/** `https://user:password@host`, `https://token@host` */
const USER_INFO = /\/\/(?:[^/\s:@]*:)?([^/\s@]+)@/g
/** `?api_key=VALUE`, `Password=VALUE;`, `{"Authorization": "Bearer VALUE"}` */
const PAIR =
  /([A-Za-z][\w-]*)["']?\s*[=:]\s*["']?((?:Bearer|Basic|Token)\s+)?(?!\/\/)([^\s"'&;,}#]+)/gi
/** Of well-known services. */
const FORM = new RegExp(
  `\\b(?:${TOKEN_PREFIXES})[\\w-]{16,}|\\b${ACCESS_KEY}\\b|\\beyJ[\\w-]+\\.[\\w-]+\\.[\\w-]*`,
  'g',
)
const SCHEME = /^(?:Bearer|Basic|Token)\s+/i

export function secretValues({ env, args, secrets = [] }: ProcessLaunch): string[] {
  const named = Object.entries(env).flatMap(([name, value]) =>
    SECRET_NAME.test(name) ? value : [],
  )
  const texts = [...Object.values(env), ...args]
  const passwords = texts.flatMap((text) =>
    [...text.matchAll(USER_INFO)].flatMap(([, given = '']) => [given, decoded(given)]),
  )
  const inside = texts.flatMap(readText)
  const found = [...named, ...args.flatMap(readOption), ...passwords, ...inside]
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

/** Within a longer value: a query, a connection string, JSON. */
function readText(text: string): string[] {
  const pairs = [...text.matchAll(PAIR)].flatMap(([, name = '', , value = '']) =>
    SECRET_NAME.test(name) ? [value] : [],
  )
  const forms = [...text.matchAll(FORM)].map(([whole]) => whole)
  return [...pairs, ...pairs.map(decoded), ...forms]
}

/** Programs print what they have decoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
