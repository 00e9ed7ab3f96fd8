/** What a command prints: text for people, or the gateway's answer with `--json`. */
import type { z } from 'zod'
import { Failure } from '../failure.ts'
import { toInertJSON } from '../table.ts'
import type { AdminAnswer } from './admin-api.ts'

/** Exactly the answer; a gateway that answers nothing is an empty object here. */
export function toJSONLine(answer: AdminAnswer): string {
  return answer.text === '' ? '{}\n' : `${answer.text.trimEnd()}\n`
}

/** The answer, once it is known to be what the text for people is made of. */
export function read<T extends z.ZodType>(schema: T, answer: AdminAnswer): z.output<T> {
  const parsed = schema.safeParse(answer.body)
  if (parsed.success) return parsed.data
  throw new Failure('the gateway answered what this version cannot read: --json shows it')
}

/** Text has nothing in it that a terminal would obey; JSON may have. */
export function print(text: string): void {
  process.stdout.write(process.stdout.isTTY ? toInertJSON(text) : text)
}

/** For people, beside the result. */
export function hint(text: string): void {
  process.stderr.write(`hearth: ${text}\n`)
}
