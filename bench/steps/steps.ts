/** The steps of a warm call that wait for nothing: each is the function that the gateway itself calls. */
import { Breaker } from '../../durable-objects/server-host/guard/breaker.ts'
import { Pipeline } from '../../durable-objects/server-host/transform/pipeline.ts'
import type { CallContext } from '../../durable-objects/server-host/transform/stage.ts'
import { encodeHostCall } from '../../protocol/host-call.ts'
import type { Limits } from '../../protocol/limits.ts'
import { decodeFrame, encodeFrame } from '../../protocol/link/frame.ts'
import { DEFAULT_RESILIENCE } from '../../protocol/resilience.ts'
import type { Grants } from '../../protocol/scopes.ts'
import { Transformers } from '../../protocol/transform.ts'
import { recall } from '../../worker/auth/authenticate.ts'
import { parseBearer } from '../../worker/auth/bearer.ts'
import { createVerdictCache } from '../../worker/auth/verdict-cache.ts'
import { authorizeCall, requireServer } from '../../worker/authorization/authorize.ts'
import { parseBody } from '../../worker/body.ts'
import { toHostCall } from '../../worker/mcp/forward.ts'
import { readPost } from '../../worker/mcp/read-post.ts'
import { findApplicable } from '../../worker/rate-limit/applicable.ts'
import { createLeaseBook } from '../../worker/rate-limit/leases.ts'
import { matchRoute } from '../../worker/routing/match.ts'
import type { Step } from './measure.ts'
import { answerFrame, call, fourLimits, oneLimit, record, requestBytes } from './world.ts'
import { restricted, routes, sentFrame, TOKEN, toVerdict } from './world.ts'

const HOUR_MS = 3_600_000
/** Of tokens: as many as an isolate keeps. */
const KNOWN_TOKENS = 1_000

export function createSteps(): Step[] {
  const context: CallContext = {
    ...{ server: 'everything', method: 'tools/call', target: 'echo', era: 'legacy' },
    ...{ principal: 'token:0123abcd', requestId: record.requestId },
  }
  const pipeline = new Pipeline(
    Transformers.parse([{ use: 'arguments', fixed: { locale: 'en' } }]),
    [],
  )
  const answer = encodeFrame(answerFrame)
  const verdict = toVerdict()
  return [
    {
      name: 'route match',
      what: 'the last of eight routes, by a pattern of its name',
      elsewhereNs: 100,
      run: () =>
        matchRoute(
          { routes, separator: '__' },
          { kind: 'tool', server: 'everything', name: 'echo' },
        ),
    },
    {
      name: 'token verdict',
      what: `a token among ${KNOWN_TOKENS}, from its header to what it may do`,
      elsewhereNs: 1_000,
      run: createVerdict(),
    },
    {
      name: 'limit decision',
      what: 'one token bucket',
      elsewhereNs: 50,
      run: createCharge(oneLimit),
    },
    {
      name: 'limit decision, four',
      isVariant: true,
      what: 'a bucket, two windows and a quota',
      run: createCharge(fourLimits),
    },
    {
      name: 'authorization',
      what: 'a principal that may do everything',
      run: createAuthorization({ scopes: ['*'] }),
    },
    {
      name: 'authorization, restricted',
      isVariant: true,
      what: 'one of two scopes, and a list of what is denied',
      run: createAuthorization(restricted),
    },
    {
      name: 'transform',
      what: 'one argument set, in the bytes of the request',
      elsewhereNs: 100,
      run: () => pipeline.request(context, requestBytes),
    },
    {
      name: 'breaker',
      what: 'a call let in, and its success counted',
      elsewhereNs: 10,
      run: createBreaker(),
    },
    {
      name: 'message in',
      what: 'the body parsed, and told as a request',
      run: () => readPost(parseBody(requestBytes), 'both', record),
    },
    {
      name: 'message out',
      what: 'the header that says what was found out',
      run: () => encodeHostCall(toHostCall(record, verdict, call)),
    },
    { name: 'frame out', what: 'a request on the link', run: () => encodeFrame(sentFrame) },
    { name: 'frame in', what: 'its answer', run: () => decodeFrame(answer) },
  ]
}

function createVerdict(): () => unknown {
  const verdicts = createVerdictCache()
  const now = Date.now()
  for (let n = 0; n < KNOWN_TOKENS - 1; n++) {
    verdicts.put(TOKEN.replace('0123abcd', String(n).padStart(8, '0')), 'acme', toVerdict(), now)
  }
  verdicts.put(TOKEN, 'acme', toVerdict(), now)
  const header = `Bearer ${TOKEN}`
  return () => recall({ verdicts }, parseBearer(header) ?? '', undefined, now)
}

/** From a lease that lasts. */
function createCharge(limits: Limits): () => unknown {
  const verdict = toVerdict(limits)
  const book = createLeaseBook()
  const now = Date.now()
  const charge = () => book.plan(findApplicable(verdict, call).claims, now)
  const first = charge()
  if (first.kind !== 'unknown') throw new Error('a counter that nobody has asked about is known')
  const grants = first.errand.asks.map(() => ({ granted: 1e12, leaseMs: HOUR_MS, epoch: 1 }))
  book.settle(first.errand, { admitted: true, grants }, now)
  if (charge().kind !== 'admitted') throw new Error('a call is refused that a lease covers')
  return charge
}

function createAuthorization(grants: Grants): () => unknown {
  const verdict = toVerdict([], grants)
  return () => {
    requireServer(verdict, call.server)
    authorizeCall(verdict, call)
  }
}

function createBreaker(): () => unknown {
  const breaker = new Breaker()
  const { breaker: policy } = DEFAULT_RESILIENCE
  if (policy === false) throw new Error('a server has a breaker by default')
  const now = Date.now()
  return () => {
    const epoch = breaker.admit(now, policy)
    if (epoch === undefined) throw new Error('a breaker refuses that has seen no failure')
    breaker.settle(epoch, 'success', now, policy)
  }
}
