/** Redirects are followed by hand, and credentials go to one origin alone. */
import { describe, expect, test } from 'vitest'
import type { RemoteRequest } from '#protocol/remote/remote.ts'
import { sendRequest } from '#protocol/remote/send-request.ts'

const KEY = 'Bearer secret-of-the-remote'

/** Answers each URL with the redirect that a test has for it, else with 200. */
async function send(
  url: string,
  redirects: Record<string, string>,
  { headers = { Authorization: KEY }, allowPrivate = false, status = 307 } = {},
) {
  const asked: { url: string; request: RemoteRequest }[] = []
  const fetch = (at: string, request: RemoteRequest): Promise<Response> => {
    asked.push({ url: at, request })
    const location = redirects[at]
    if (location === undefined) return Promise.resolve(new Response('ok'))
    return Promise.resolve(new Response(null, { status, headers: { location } }))
  }
  const request = { method: 'POST' as const, headers: {}, signal: new AbortController().signal }
  const target = { url, headers, allowPrivate }
  const outcome = await sendRequest({ target, fetch }, new URL(url), request).then(
    ({ url: { href } }) => ({ href, error: undefined }),
    (error: unknown) => ({ href: undefined, error: error as { code: string; message: string } }),
  )
  return { asked: asked.map((one) => one.url), requests: asked, ...outcome }
}

describe('a redirect', () => {
  test.each([301, 302, 307, 308])(
    '%i within the origin is followed as it was sent',
    async (status) => {
      const { asked, requests } = await send(
        'https://a.example/mcp',
        { 'https://a.example/mcp': '/mcp/' },
        { status },
      )

      expect(asked).toEqual(['https://a.example/mcp', 'https://a.example/mcp/'])
      expect(requests[1]?.request).toMatchObject({
        method: 'POST',
        headers: { authorization: KEY },
      })
    },
  )

  test('303 asks for another method, and is the answer', async () => {
    const { asked } = await send(
      'https://a.example/1',
      { 'https://a.example/1': '/2' },
      { status: 303 },
    )

    expect(asked).toEqual(['https://a.example/1'])
  })

  test.each([
    ['another host', 'https://b.example/mcp'],
    ['another port', 'https://a.example:8443/mcp'],
    ['a scheme-relative host', '//b.example/mcp'],
  ])('to %s gets nothing that has credentials', async (_name, location) => {
    const { asked, error } = await send('https://a.example/mcp', {
      'https://a.example/mcp': location,
    })

    expect(asked).toEqual(['https://a.example/mcp'])
    expect(error).toMatchObject({ code: 'remote_refused' })
    expect(error?.message).not.toContain('secret')
  })

  test('to another host is followed where there are no credentials', async () => {
    const { asked } = await send(
      'https://a.example/mcp',
      { 'https://a.example/mcp': 'https://b.example/mcp' },
      { headers: {} as { Authorization: string } },
    )

    expect(asked).toEqual(['https://a.example/mcp', 'https://b.example/mcp'])
  })

  test.each(['http://a.example/mcp', 'ftp://a.example/mcp', 'javascript:alert(1)', 'https://', ''])(
    'to %j is not followed',
    async (location) => {
      const headers = {} as { Authorization: string }
      const { asked, error } = await send(
        'https://a.example/mcp',
        { 'https://a.example/mcp': location },
        { headers },
      )

      // An empty location is the same place, over and over.
      expect(new Set(asked).size).toBe(1)
      expect(error).toMatchObject({ code: 'remote_refused' })
    },
  )

  test.each([
    'http://169.254.169.254/',
    'http://2852039166/',
    'http://localhost:9/',
    'http://[::1]/',
  ])('to %s is forbidden, also without credentials', async (location) => {
    const headers = {} as { Authorization: string }
    const { asked, error } = await send(
      'http://a.example/',
      { 'http://a.example/': location },
      { headers },
    )

    expect(asked).toEqual(['http://a.example/'])
    expect(error).toMatchObject({ code: 'remote_address_forbidden' })
  })

  test.each([
    ['another port of its host', 'http://10.0.0.5:6379/'],
    ['another private host', 'http://10.0.0.6:8080/'],
    ['the metadata service', 'http://169.254.169.254/latest'],
    ['the machine', 'http://localhost:8080/'],
  ])(
    'from an address that is allowed does not lead to one that is not: %s',
    async (_name, location) => {
      const { asked, error } = await send(
        'http://10.0.0.5:8080/mcp',
        { 'http://10.0.0.5:8080/mcp': location },
        { headers: {} as { Authorization: string }, allowPrivate: true },
      )

      expect(asked).toEqual(['http://10.0.0.5:8080/mcp'])
      expect(error).toMatchObject({ code: 'remote_address_forbidden' })
      expect(error?.message).toContain('allowPrivate is for 10.0.0.5:8080 alone')
    },
  )

  test.each([
    ['within it', 'http://nas.local/mcp', 'http://nas.local/other'],
    ['to its own https', 'http://nas.local/mcp', 'https://nas.local/mcp'],
    ['to the public internet', 'http://nas.local/mcp', 'https://mcp.example/mcp'],
  ])('from an address that is allowed is followed %s', async (_name, from, to) => {
    const { asked } = await send(
      from,
      { [from]: to },
      { headers: {} as { Authorization: string }, allowPrivate: true },
    )

    expect(asked).toEqual([from, to])
  })

  test('is followed three times', async () => {
    const around = { 'https://a.example/1': '/2', 'https://a.example/2': '/3' }
    const three = { ...around, 'https://a.example/3': '/4' }
    const four = { ...three, 'https://a.example/4': '/5' }

    expect(await send('https://a.example/1', three)).toMatchObject({ href: 'https://a.example/4' })
    expect((await send('https://a.example/1', four)).error).toMatchObject({
      code: 'remote_refused',
    })
  })
})

test('a private address is connected to where that is allowed alone', async () => {
  const refused = await send('http://127.0.0.1:1/mcp', {})
  const allowed = await send('http://127.0.0.1:1/mcp', {}, { allowPrivate: true })

  expect(refused.asked).toEqual([])
  expect(refused.error).toMatchObject({ code: 'remote_address_forbidden' })
  expect(allowed.asked).toHaveLength(1)
})

test('what fails on the way is told by host and code, not by what the error says', async () => {
  const fetch = (): Promise<Response> => {
    const cause = Object.assign(new Error(`refused ${KEY}`), { code: 'ECONNREFUSED' })
    return Promise.reject(new TypeError(`fetch failed with ${KEY}`, { cause }))
  }
  const target = { url: 'https://a.example', headers: { Authorization: KEY }, allowPrivate: false }
  const request = { method: 'GET' as const, headers: {}, signal: new AbortController().signal }
  const sent = sendRequest({ target, fetch }, new URL('https://a.example/mcp?key=x'), request)
  const error: unknown = await sent.catch((reason: unknown) => reason)

  expect(error).toMatchObject({ code: 'remote_unreachable', detail: 'a.example (ECONNREFUSED)' })
  expect(error).not.toHaveProperty('cause')
})
