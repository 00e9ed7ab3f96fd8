/** `Content-Type` and `Accept` as the transport needs them. Pure. */

/** What nearly every client sends. */
const USUAL_ACCEPT = 'application/json, text/event-stream'

export function isJSONContentType(header: string | null): boolean {
  if (header === 'application/json') return true
  return header !== null && essenceOf(header) === 'application/json'
}

/**
 * What a POST may be answered with. Clients are to list a JSON body and an event stream
 * (streamable-http, Sending Messages); some do not. One that says nothing takes anything.
 */
export function readAccept(accept: string | null): 'both' | 'json' | 'events' | 'neither' {
  if (accept === USUAL_ACCEPT || !accept) return 'both'
  const takesJSON = accepts(accept, 'application/json')
  const takesEvents = accepts(accept, 'text/event-stream')
  if (takesJSON) return takesEvents ? 'both' : 'json'
  return takesEvents ? 'events' : 'neither'
}

export function acceptsEventStream(accept: string | null): boolean {
  return !accept || accepts(accept, 'text/event-stream')
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
