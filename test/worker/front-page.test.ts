/** `/`: what a person finds who opens the URL of a gateway. */
import { expect, test } from 'vitest'
import { createFakes, POST_HEADERS } from './fake-deps.ts'

const { app, asked } = createFakes()
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

test('says without a credential what this is and where a client goes, and names no tenant', async () => {
  const response = await app.request('/')
  const text = await response.text()

  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  for (const word of ['Hearth', '/mcp', 'Authorization: Bearer', '/health']) {
    expect(text).toContain(word)
  }
  expect(text).not.toMatch(/acme|everything/)
  expect(asked).toEqual([])
})

test('is a page for a browser, which loads and runs nothing', async () => {
  const response = await app.request('/', { headers: { Accept: BROWSER } })

  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(response.headers.get('vary')).toContain('Accept')
  const html = await response.text()
  expect(html).toMatch(/^<!doctype html>/)
  expect(html).not.toMatch(/<(script|style|img|link|form|iframe)|https?:/)
})

test('is the same with a token as without one', async () => {
  const bare = await app.request('/')
  const known = await app.request('/', {
    headers: { Authorization: POST_HEADERS.Authorization ?? '' },
  })

  expect(await known.text()).toBe(await bare.text())
})

test.each([
  { name: 'a POST', path: '/', init: { method: 'POST' }, status: 404 },
  { name: 'another path', path: '/index.html', init: {}, status: 404 },
  {
    name: 'another Host',
    path: '/',
    init: { headers: { Host: 'evil.example' } },
    status: 403,
  },
])('$name gets no page: $status', async ({ path, init, status }) => {
  expect((await app.request(path, init)).status).toBe(status)
})
