/** Where a secret's value comes from: never an argument, which every user of the machine can read. */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { describeError, Failure } from './failure.ts'

/** Far more than the gateway takes; it says its own bound. */
const MAX_INPUT_BYTES = 1024 * 1024

export interface SecretSource {
  fromEnv?: string
  fromFile?: string
}

/** No message of it holds a value. */
export async function readSecret(source: SecretSource, prompt: string): Promise<string> {
  if (source.fromEnv !== undefined && source.fromFile !== undefined) {
    throw new Failure('--from-env and --from-file name two values: give one of them', 2)
  }
  if (source.fromEnv !== undefined) return readVariable(source.fromEnv)
  if (source.fromFile !== undefined) return readValueFile(source.fromFile)
  const value = process.stdin.isTTY ? await ask(prompt) : await readPipe()
  if (value === '') throw new Failure('standard input holds no value')
  return value
}

/** The line break that `echo` and editors add is not part of a secret. Pure. */
export function dropLineBreak(text: string): string {
  return text.replace(/\r?\n$/, '')
}

function readVariable(name: string): string {
  const value = process.env[name]
  if (value !== undefined && value !== '') return value
  throw new Failure(`the variable ${name} is not set`)
}

/** As it is, its last line break too. */
function readValueFile(path: string): string {
  try {
    const bytes = readFileSync(path)
    if (bytes.length > MAX_INPUT_BYTES) throw new Error(`larger than ${MAX_INPUT_BYTES} bytes`)
    if (bytes.length === 0) throw new Error('it is empty')
    return toText(bytes)
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${describeError(error)}`)
  }
}

async function readPipe(): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_INPUT_BYTES) {
      throw new Failure(`standard input is larger than ${MAX_INPUT_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  try {
    return dropLineBreak(toText(Buffer.concat(chunks)))
  } catch (error) {
    throw new Failure(`cannot read standard input: ${describeError(error)}`)
  }
}

function toText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Error('it is not UTF-8 text; encode it, for example with base64')
  }
}

/** One line from the terminal, which shows nothing of it. */
function ask(prompt: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  // Read as keys, so the terminal is in raw mode and does not echo.
  const lines = createInterface({
    input: process.stdin,
    output: silent,
    terminal: true,
    historySize: 0,
  })
  process.stderr.write(prompt)
  return new Promise<string>((resolve, reject) => {
    lines.once('line', resolve)
    lines.once('close', () => reject(new Failure('nothing was entered')))
  }).finally(() => {
    lines.close()
    process.stderr.write('\n')
  })
}
