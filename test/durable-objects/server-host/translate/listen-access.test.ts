import { expect, test } from 'vitest'
import {
  dropForbiddenURIs,
  mayTell,
  withoutForbidden,
} from '#durable-objects/server-host/translate/listen-access.ts'
import type { Access } from '#protocol/access.ts'

const access: Access = { kind: 'resource', may: ['file:///pub/*'] }

const dropped = (json: string) =>
  new TextDecoder().decode(dropForbiddenURIs(new TextEncoder().encode(json), access))

test('what may not be read is not listened for, and the rest of the request stays as it came', () => {
  const request = (uris: string) =>
    `{"id":1.0,"params":{"notifications":{"toolsListChanged":true,"resourceSubscriptions":${uris}}}}`

  expect(dropped(request('["file:///etc", "file:///pub/a",7]'))).toBe(request('["file:///pub/a"]'))
  expect(dropped(request('["file:///etc"]'))).toBe(request('[]'))
  expect(dropped(request('"file:///etc"'))).toBe(request('"file:///etc"'))
  expect(dropped('{"params":{}}')).toBe('{"params":{}}')
})

test('the same for a filter', () => {
  const resourceSubscriptions = ['file:///etc', 'file:///pub/a']

  expect(withoutForbidden({ toolsListChanged: true, resourceSubscriptions }, access)).toEqual({
    ...{ toolsListChanged: true, resourceSubscriptions: ['file:///pub/a'] },
  })
  expect(withoutForbidden({ resourceSubscriptions: ['file:///etc'] }, access)).toEqual({})
})

test('an update is told of what may be read', () => {
  const updated = 'notifications/resources/updated'

  expect(mayTell(updated, { uri: 'file:///pub/a/b' }, access)).toBe(true)
  expect(mayTell(updated, { uri: 'file:///etc' }, access)).toBe(false)
  expect(mayTell(updated, { uri: ['file:///pub/a'] }, access)).toBe(false)
  expect(mayTell(updated, undefined, access)).toBe(false)
  expect(mayTell(updated, { uri: 'file:///etc' }, undefined)).toBe(true)
  expect(mayTell('notifications/tools/list_changed', {}, access)).toBe(true)
})
