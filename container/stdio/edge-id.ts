import { isObject, isRequestId, type RequestId } from '#protocol/json-rpc.ts'
import { EDGE_BYTES } from './framing.ts'

const STRING = String.raw`"(?:[^"\\]|\\.)*"`
const ID = String.raw`(-?\d+(?:\.\d+)?|${STRING})`

/** `{"jsonrpc":"2.0","id":7,"result":…` */
const AT_HEAD = new RegExp(
  String.raw`^\s*\{\s*(?:"jsonrpc"\s*:\s*${STRING}\s*,\s*)?"id"\s*:\s*${ID}\s*,`,
)

/** `…},"jsonrpc":"2.0","id":7}`: what follows the result's own closing brace. */
const AT_TAIL = new RegExp(
  String.raw`\}\s*(?:,\s*"jsonrpc"\s*:\s*${STRING}\s*)?,\s*"id"\s*:\s*${ID}\s*(?:,\s*"jsonrpc"\s*:\s*${STRING}\s*)?\}\s*$`,
)

/**
 * The id of a response of which only the ends are known, where they show it. A request or a
 * notification has none here: nobody waits for it.
 */
export function findEdgeId(head: Uint8Array, tail: Uint8Array): RequestId | undefined {
  const start = Buffer.from(head).toString('utf8')
  if (/^\s*\{(?:[^{[]*,)?\s*"method"\s*:/.test(start)) return undefined
  const found = AT_HEAD.exec(start)?.[1] ?? AT_TAIL.exec(Buffer.from(tail).toString('utf8'))?.[1]
  if (found === undefined) return undefined
  try {
    return JSON.parse(found) as RequestId
  } catch {
    return undefined
  }
}

const OPEN = 0x7b
const IS_ANSWER = /"(?:result|error)"\s*:/

/** The id of what would answer a request, were it a message. */
export function findAnswerId(line: Buffer): RequestId | undefined {
  if (line[0] !== OPEN) return undefined
  const [head, tail] = [line.subarray(0, EDGE_BYTES), line.subarray(-EDGE_BYTES)]
  if (!IS_ANSWER.test(head.toString('utf8'))) return undefined
  return findEdgeId(head, tail) ?? readId(line)
}

function readId(line: Buffer): RequestId | undefined {
  if (line.length > EDGE_BYTES) return undefined
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    return isObject(value) && isRequestId(value.id) ? value.id : undefined
  } catch {
    return undefined
  }
}
