/** Whether packages can be installed from here, and whether the clock is right. */
import { describeFetchError } from '../failure.ts'
import { ok, warn, type Finding } from './finding.ts'

const ANSWER_MS = 10_000
/** A JWT that was issued just now, or runs out, is judged by this clock. */
const MAX_SKEW_MS = 60_000

const NPM = 'https://registry.npmjs.org/'
const PYPI = 'https://pypi.org/simple/'
const PROXY = /^(https?|all)_proxy$/i
const CERTIFICATE = /certificate|self[- ]signed|issuer/i

export interface NetworkOptions {
  environment: Readonly<Record<string, string | undefined>>
  /** For tests. */
  now?: () => number
}

export async function checkNetwork({
  environment,
  now = Date.now,
}: NetworkOptions): Promise<Finding[]> {
  const npm = environment.npm_config_registry || NPM
  const python = environment.UV_DEFAULT_INDEX || environment.UV_INDEX_URL || PYPI
  const isProxied = Object.keys(environment).some((name) => PROXY.test(name) && environment[name])
  if (isProxied) {
    const text = 'not asked: requests go through a proxy, which npm and uv use by themselves'
    return [ok('npm registry', text), ok('Python index', text)]
  }
  const [first, second] = await Promise.all([ask(npm), ask(python)])
  const time = first.time ?? second.time
  return [
    toFinding('npm registry', npm, first, 'NODE_EXTRA_CA_CERTS=FILE'),
    toFinding('Python index', python, second, 'UV_SYSTEM_CERTS=1'),
    ...(time === undefined ? [] : [checkClock(time, now())]),
  ]
}

interface Answer {
  failure?: string
  /** What the server says that it is, in milliseconds. */
  time?: number
}

async function ask(url: string): Promise<Answer> {
  if (!URL.canParse(url)) return { failure: 'it is no URL' }
  try {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const response = await fetch(withoutUser(url), { method: 'HEAD', signal })
    const time = Date.parse(response.headers.get('date') ?? '')
    return {
      ...(Number.isFinite(time) && { time }),
      ...(response.status >= 500 && { failure: `it answers ${response.status}` }),
    }
  } catch (error) {
    return { failure: describeFetchError(error) }
  }
}

/** A registry that wants a login answers without one, too; and what fetch says of its URL would show it. */
function withoutUser(url: string): URL {
  return Object.assign(new URL(url), { username: '', password: '' })
}

function toFinding(check: string, url: string, { failure }: Answer, certificates: string): Finding {
  const origin = URL.canParse(url) ? new URL(url).origin : 'what is configured'
  if (failure === undefined) return ok(check, `${origin} answers`)
  const next = CERTIFICATE.test(failure)
    ? `a proxy seems to replace certificates: set ${certificates}`
    : 'what is installed already goes on; for the rest look at the network, or set HTTPS_PROXY'
  return warn(check, `${origin} cannot be reached (${failure}): ${next}`)
}

export function checkClock(theirs: number, ours: number): Finding {
  const skew = Math.round((ours - theirs) / 1000)
  if (Math.abs(skew) * 1000 <= MAX_SKEW_MS) return ok('clock', 'right')
  const how = `${Math.abs(skew)} s ${skew > 0 ? 'fast' : 'slow'}`
  return warn('clock', `${how}: JWTs would be refused, and certificates may be. Set it`)
}
