/**
 * References to secrets in a server's configuration, in `args` and in the values of `env` and
 * `headers`: `${secret:NAME}` is the tenant's, `${principal:NAME}` the caller's own. What stands in the place of
 * a reference is not searched for references again, and there is no escape: a text that must hold
 * the characters of a reference is itself a secret. Pure.
 */

/** As the variables of an environment are written: begins with a letter, 1 to 64 characters. */
export const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,63}$/

/** As it stands in the configuration: `${secret:NAME}`. Two that are equal have one value. */
export interface SecretReference {
  text: string
  owner: 'tenant' | 'principal'
  name: string
}

const REFERENCE = /\$\{(secret|principal):([A-Z][A-Z0-9_]{0,63})\}/g
const OPENING = /\$\{(?:secret|principal):/

/** The form that a configuration's error tells. */
export const REFERENCE_FORM = '${secret:NAME} or ${principal:NAME}, NAME of A-Z, 0-9 and _'

export interface Referring {
  args?: readonly string[]
  env?: Readonly<Record<string, string>>
  headers?: Readonly<Record<string, string>>
}

/** Whether a text refers to secrets, well formed or not. */
export function hasReference(text: string): boolean {
  return OPENING.test(text)
}

/** Whether each reference of a text is well formed. */
export function isWellReferenced(text: string): boolean {
  return !OPENING.test(text.replace(REFERENCE, '-'))
}

/** Each reference as often as it stands there. */
export function findReferences({
  args = [],
  env = {},
  headers = {},
}: Referring): SecretReference[] {
  return [...args, ...Object.values(env), ...Object.values(headers)].flatMap((text) =>
    [...text.matchAll(REFERENCE)].map(([whole, kind, name = '']) => ({
      text: whole,
      owner: kind === 'principal' ? 'principal' : 'tenant',
      name,
    })),
  )
}

/** Whether each principal needs a process of its own. */
export function isPersonal(server: Referring): boolean {
  return findReferences(server).some(({ owner }) => owner === 'principal')
}

/** `values` by the text of the reference. One that has none stays as it is. */
export function substitute(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(REFERENCE, (reference) => values.get(reference) ?? reference)
}
