import { describe, expect, test } from 'vitest'
import { SPILL_URI } from '#protocol/transform.ts'
import {
  exposeListed,
  exposeURI,
  fromNamespaced,
  ownerOf,
  toNamespaced,
  toTemplatePattern,
  type URIOwners,
} from '#durable-objects/server-host/catalog/uris.ts'

const known: URIOwners = {
  owners: new Map([
    ['file:///one', ['a']],
    ['file:///both', ['a', 'b']],
    ['demo://{id}', ['b']],
  ]),
  templates: [{ server: 'b', pattern: toTemplatePattern('demo://{id}/page/{n}') }],
}

test('a URI that one server has stays as it is', () => {
  expect(exposeListed(known, 'a', 'file:///one')).toBe('file:///one')
  expect(ownerOf(known, 'file:///one')).toBe('a')
})

test('one that several have is namespaced, and read back', () => {
  const exposed = exposeListed(known, 'b', 'file:///both')
  expect(exposed).toBe('hearth://b/file:///both')
  expect(fromNamespaced(exposed)).toEqual({ server: 'b', uri: 'file:///both' })
  expect(ownerOf(known, 'file:///both')).toBeUndefined()
})

test('a template leads the URIs that it makes to its server', () => {
  expect(ownerOf(known, 'demo://7/page/2')).toBe('b')
  expect(ownerOf(known, 'demo://7')).toBeUndefined()
})

describe('a URI that a server names in an answer', () => {
  test('stays where it leads back to that server', () => {
    expect(exposeURI(known, 'a', 'file:///one')).toBe('file:///one')
    expect(exposeURI(known, 'b', 'demo://7/page/2')).toBe('demo://7/page/2')
  })

  test('is namespaced where the server has it, and others too', () => {
    expect(exposeURI(known, 'b', 'file:///both')).toBe('hearth://b/file:///both')
    const both = { ...known, templates: [...known.templates, { server: 'a', pattern: 'demo://*' }] }
    expect(exposeURI(both, 'b', 'demo://7/page/2')).toBe('hearth://b/demo://7/page/2')
  })

  test('stays where it is none of the server’s own', () => {
    expect(exposeURI(known, 'a', 'https://example.com/page')).toBe('https://example.com/page')
    expect(exposeURI(known, 'b', 'file:///one')).toBe('file:///one')
    expect(exposeURI(known, 'a', 'demo://7/page/2')).toBe('demo://7/page/2')
    expect(exposeURI(known, 'a', 'new://thing')).toBe('new://thing')
  })

  test('is namespaced where Hearth keeps it for the server', () => {
    expect(exposeURI(known, 'a', `${SPILL_URI}7`)).toBe(`hearth://a/${SPILL_URI}7`)
  })
})

test.each(['', 'x', 'a/b/c', 'hearth://a/b', 'demo://{+path}', 'ü://ß?q=1#f'])(
  'namespacing %j is reversible',
  (uri) => {
    expect(fromNamespaced(toNamespaced('my.server-1', uri))).toEqual({ server: 'my.server-1', uri })
  },
)

test('what is not namespaced is nobody’s', () => {
  expect(fromNamespaced('file:///one')).toBeUndefined()
  expect(fromNamespaced('hearth://a')).toBeUndefined()
})
