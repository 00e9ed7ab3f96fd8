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
  /** Of an event that has not ended. */
  let kept: Uint8Array[] = []
  let last = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const end = endOfEvents(value, last)
      last = value.at(-1) ?? last
      if (end === 0) {
        kept.push(value)
        continue
      }
      // Nothing comes between parts that are written at once.
      const written = Promise.all([...kept, value.subarray(0, end)].map(write))
      kept = [value.subarray(end)]
      await written
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** Behind the last empty line. `before`: the byte in front of these. */
function endOfEvents(bytes: Uint8Array, before: number): number {
  for (let at = bytes.length - 1; at >= 0; at--) {
    const former = at === 0 ? before : bytes[at - 1]
    if (bytes[at] === LF && former === LF) return at + 1
  }
  return 0
}
