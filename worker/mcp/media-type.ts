/** `Content-Type` and `Accept` as the transport needs them. Pure. */

/** What nearly every client sends. */
const USUAL_ACCEPT = 'application/json, text/event-stream'

export function isJSONContentType(header: string | null): boolean {
  if (header === 'application/json') return true
  return header !== null && essenceOf(header) === 'application/json'
}

/** Whether both a JSON body and an event stream would be taken (streamable-http, Sending Messages). */
export function acceptsBoth(accept: string | null): boolean {
  if (accept === null) return false
  if (accept === USUAL_ACCEPT) return true
  return accepts(accept, 'application/json') && accepts(accept, 'text/event-stream')
}

export function acceptsEventStream(accept: string | null): boolean {
  return accept !== null && accepts(accept, 'text/event-stream')
}

function accepts(accept: string, type: string): boolean {
  const wanted = [type, `${type.slice(0, type.indexOf('/'))}/*`, '*/*']
  return accept
    .split(',')
    .some((range) => wanted.includes(essenceOf(range)) && !/;\s*q=0(\.0*)?\s*(;|$)/i.test(range))
}

function essenceOf(value: string): string {
  const end = value.indexOf(';')
  return (end === -1 ? value : value.slice(0, end)).trim().toLowerCase()
}
