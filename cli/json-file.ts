/** A JSON document that a command sends, from a file or from standard input. */
import { readFileSync } from 'node:fs'
import { describeError, Failure } from './failure.ts'

/** The gateway takes less; it says its own bound. */
const MAX_FILE_BYTES = 4 * 1024 * 1024

/** `-` is standard input. The engine's message is not passed on: it quotes the text. */
export function readJSONFile(path: string): unknown {
  const shown = path === '-' ? 'standard input' : path
  try {
    const bytes = readFileSync(path === '-' ? 0 : path)
    if (bytes.length > MAX_FILE_BYTES) throw new Error(`larger than ${MAX_FILE_BYTES} bytes`)
    return parse(bytes.toString('utf8'))
  } catch (error) {
    throw new Failure(`cannot read ${shown}: ${describeError(error)}`)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    throw new Error('it is not valid JSON; look for a comment, a trailing comma or a missing quote')
  }
}
