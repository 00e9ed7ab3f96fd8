/** Several answers as one event stream: streams event by event, and each JSON body as one event. */

const LF = 0x0a
const encoder = new TextEncoder()

/** Whoever stops reading lets go of all of them. A stream that breaks ends for itself alone. */
export function mergeEvents(
  answers: readonly Response[],
  isStream: (answer: Response) => boolean,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  const write = (bytes: Uint8Array): Promise<void> => writer.write(bytes)
  const pass = (answer: Response): Promise<void> =>
    isStream(answer) ? passEvents(answer, write) : passBody(answer, write)
  void Promise.allSettled(answers.map(pass)).then(() => writer.close().catch(() => undefined))
  return readable
}

type Write = (bytes: Uint8Array) => Promise<void>

async function passBody(answer: Response, write: Write): Promise<void> {
  const text = await answer.text()
  if (text !== '') await write(encoder.encode(`data: ${text}\n\n`))
}

async function passEvents({ body }: Response, write: Write): Promise<void> {
  if (body === null) return
  const reader = body.getReader()
  let kept: Uint8Array = new Uint8Array(0)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const bytes = concatenate(kept, value)
      const end = endOfEvents(bytes)
      kept = bytes.subarray(end)
      if (end > 0) await write(bytes.subarray(0, end))
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** Behind the last empty line. */
function endOfEvents(bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at > 0; at--) {
    if (bytes[at] === LF && bytes[at - 1] === LF) return at + 1
  }
  return 0
}

function concatenate(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other
  const bytes = new Uint8Array(one.length + other.length)
  bytes.set(one)
  bytes.set(other, one.length)
  return bytes
}
