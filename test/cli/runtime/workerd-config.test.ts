import { expect, test } from 'vitest'
import { toCapnp } from '#cli/runtime/workerd-config.ts'

test('lists, structures and flags are written as Cap’n Proto has them', () => {
  expect(toCapnp({ name: 'a', http: {}, flags: [true, false], none: [] })).toBe(
    '(name = "a", http = (), flags = [true, false], none = [])',
  )
})

test('a text stays one text, whatever is in it', () => {
  expect(toCapnp('"), (name = "x"')).toBe(String.raw`"\"), (name = \"x\""`)
  expect(toCapnp('a\\n\n\t\u0000\u007f')).toBe(String.raw`"a\\n\x0a\x09\x00\x7f"`)
  expect(toCapnp('é\u0080…😀')).toBe('"é\u0080…😀"')
})
