/** Origins whose pages may call: as a browser writes them in `Origin`, or any port of this machine. Pure. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#,@*]+$/
const ANY_PORT = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\]):\*$/

/** What one must look like. */
export const ORIGIN_FORM =
  'an origin such as https://app.example.com, or http://localhost:* for any port of this machine'

/** In the form in which it is compared; `undefined` for what is none. */
export function readAllowedOrigin(text: string): string | undefined {
  const given = text.trim().toLowerCase().replace(/\/$/, '')
  if (ANY_PORT.test(given)) return given
  if (!ORIGIN.test(given)) return undefined
  if (!/^https?:/.test(given)) return given
  return URL.canParse(given) ? new URL(given).origin : undefined
}

export function isAllowedOrigin(origin: string, allowed: ReadonlySet<string>): boolean {
  if (allowed.size === 0) return false
  const given = origin.toLowerCase()
  return allowed.has(given) || allowed.has(given.replace(/(:\d+)?$/, ':*'))
}
