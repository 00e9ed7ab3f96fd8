/** What a schema allows, in words, and the names that it knows. Pure. */
import * as z from 'zod'

export type Schema = z.core.$ZodType
type Path = readonly PropertyKey[]

/** Keys that are named of an object. */
const MAX_NAMED_KEYS = 6

export function isUnion(schema: Schema): schema is z.ZodUnion<readonly Schema[]> {
  return schema instanceof z.ZodUnion
}

/** The schemas of what stands at `path`, without what is wrapped around them. More than one below a union. */
export function schemasAt(root: Schema, path: Path, value: unknown): Schema[] {
  let schemas = [unwrap(root)]
  let given = value
  for (const key of path) {
    const here = given
    schemas = schemas
      .flatMap((schema) => formsOf(schema, here))
      .flatMap((schema) => childOf(schema, key) ?? [])
      .map(unwrap)
    given = typeof given === 'object' && given !== null ? Reflect.get(given, key) : undefined
  }
  return schemas
}

export function keysOf(schemas: readonly Schema[]): string[] {
  const keys = schemas.flatMap((schema) => {
    if (isUnion(schema)) return keysOf(schema.options.map(unwrap))
    return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  })
  return [...new Set(keys)]
}

export function describeAllowed(schemas: readonly Schema[]): string {
  const words = new Set(schemas.flatMap(wordsOf))
  return words.size === 0 ? 'of another kind' : [...words].join(' or ')
}

function wordsOf(schema: Schema): string[] {
  if (isUnion(schema)) return schema.options.flatMap((form) => wordsOf(unwrap(form)))
  if (schema instanceof z.ZodLiteral) return [...schema.values].map((one) => JSON.stringify(one))
  if (schema instanceof z.ZodEnum) return schema.options.map((one) => JSON.stringify(one))
  if (schema instanceof z.ZodString) return ['a string']
  if (schema instanceof z.ZodBoolean) return ['true or false']
  if (schema instanceof z.ZodNumber) return [describeNumber(schema)]
  if (schema instanceof z.ZodArray) return [describeList(unwrap(schema.element))]
  if (schema instanceof z.ZodRecord) {
    return [unwrap(schema.valueType) instanceof z.ZodString ? 'an object of strings' : 'an object']
  }
  return schema instanceof z.ZodObject ? [describeObject(Object.keys(schema.shape))] : []
}

function describeNumber({ isInt, minValue, maxValue }: z.ZodNumber): string {
  const isBounded =
    minValue !== null && maxValue !== null && minValue > -Infinity && maxValue < Infinity
  const range =
    isBounded && maxValue < Number.MAX_SAFE_INTEGER ? ` from ${minValue} to ${maxValue}` : ''
  return `${isInt ? 'a whole number' : 'a number'}${range}`
}

function describeList(element: Schema): string {
  if (element instanceof z.ZodString) return 'a list of strings'
  return element instanceof z.ZodObject || isUnion(element) ? 'a list of objects' : 'a list'
}

function describeObject(keys: string[]): string {
  const named = keys.slice(0, MAX_NAMED_KEYS).map((key) => `${JSON.stringify(key)}: …`)
  return `{${[...named, ...(keys.length > named.length ? ['…'] : [])].join(', ')}}`
}

function unwrap(schema: Schema): Schema {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault
  ) {
    return unwrap(schema.def.innerType)
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.def.in) : schema
}

/** Of a union: the forms that a value may have, which its discriminator tells where there is one. */
function formsOf(schema: Schema, value: unknown): Schema[] {
  if (!isUnion(schema)) return [schema]
  const forms = schema.options.map(unwrap)
  if (!(schema instanceof z.ZodDiscriminatedUnion)) {
    return forms.flatMap((form) => formsOf(form, value))
  }
  const { discriminator } = schema.def
  const said = typeof value === 'object' && value !== null && Reflect.get(value, discriminator)
  const meant = forms.filter((form) => {
    const word = form instanceof z.ZodObject ? form.shape[discriminator] : undefined
    return word !== undefined && z.safeParse(word, said).success
  })
  return meant.length > 0 ? meant : forms
}

function childOf(schema: Schema, key: PropertyKey): Schema | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[String(key)]
  if (schema instanceof z.ZodArray) return schema.element
  return schema instanceof z.ZodRecord ? schema.valueType : undefined
}
