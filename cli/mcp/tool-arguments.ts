/** The arguments of a tool as people type them: one JSON object, or `key=value` words. Pure. */
import { isObject } from '#protocol/json-rpc.ts'
import { Failure } from '../failure.ts'

/** Of the tool, as it listed them; `undefined`: it is not known. */
export type InputSchema = Record<string, unknown> | undefined

export function parseToolArguments(
  words: readonly string[],
  schema: InputSchema,
): Record<string, unknown> {
  const [first, ...rest] = words
  if (first === undefined) return {}
  if (/^\s*[{[]/.test(first)) {
    if (rest.length === 0) return parseObject(first, 'the arguments')
    throw new Failure('give the arguments as one JSON object in quotes, or as key=value words', 2)
  }
  const found: Record<string, unknown> = {}
  for (const word of words) {
    const [, key, text] = /^([^=]+)=(.*)$/s.exec(word) ?? []
    if (key === undefined || text === undefined) {
      throw new Failure(
        `${JSON.stringify(word)} is no argument: write key=value, or all of them as one JSON object`,
        2,
      )
    }
    if (Object.hasOwn(found, key)) {
      throw new Failure(`the argument ${JSON.stringify(key)} is there twice`, 2)
    }
    found[key] = toValue(key, text, schema)
  }
  return found
}

/** `what` is for the message. Throws `Failure` when the text is not one JSON object. */
export function parseObject(text: string, what: string): Record<string, unknown> {
  const value = parseJSON(text)
  if (isObject(value)) return value
  const problem = value === undefined ? 'are not valid JSON' : 'must be a JSON object'
  throw new Failure(`${what} ${problem}, such as '{"key": "value"}'`, 2)
}

/** A tool that takes text gets text, even where it looks like a number. */
function toValue(key: string, text: string, schema: InputSchema): unknown {
  const types = typesOf(key, schema)
  if (types.length === 1 && types[0] === 'string') return text
  const value = parseJSON(text)
  if (value !== undefined) return value
  if (types.length === 0 || types.includes('string')) return text
  throw new Failure(
    `the argument ${JSON.stringify(key)} must be ${types.join(' or ')}, as JSON: ${JSON.stringify(text)} is not`,
    2,
  )
}

/** What the schema says plainly; nothing where it is more than that. */
function typesOf(key: string, schema: InputSchema): string[] {
  const properties = schema?.properties
  const property = isObject(properties) && Object.hasOwn(properties, key) && properties[key]
  const type = isObject(property) ? property.type : undefined
  return [type].flat().filter((one): one is string => typeof one === 'string')
}

function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the caller says what it must be
  }
}
