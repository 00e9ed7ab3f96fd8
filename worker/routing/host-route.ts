/** What the ServerHost object is told of a call's route. Pure. */
import type { HostRoute } from '#protocol/host-call.ts'
import type { Route } from '#protocol/routes.ts'
import type { IncomingCall, RoutedCall } from '../context.ts'
import type { Target } from './targets.ts'

/** `undefined` where the call is the same without a route. */
export function toHostRoute(
  { routes: [route], name: called, targets = [] }: RoutedCall,
  { server }: Pick<IncomingCall, 'server'>,
): HostRoute | undefined {
  if (route === undefined) return undefined
  const { name, strategy, timeoutMs, retries } = route
  const [first] = targets
  const isNamed = first?.server === server && first.name === called
  const hasChoice = targets.length > 1 || (first !== undefined && !isNamed)
  if (!hasChoice && !hasPolicy(route)) return undefined
  return {
    name,
    ...(hasChoice && {
      candidates: targets.map((target) => toCandidate(target, called)),
      strategy,
    }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retries && { attempts: retries.attempts }),
  }
}

/** The name, which may be long, once: it is in the body. */
function toCandidate({ server, name, weight }: Target, called: string) {
  return { server, ...(name !== called && { name }), ...(weight !== 1 && { weight }) }
}

/** Which the object applies. */
function hasPolicy({ timeoutMs, retries, transform = [] }: Route): boolean {
  return timeoutMs !== undefined || retries !== undefined || transform.length > 0
}
