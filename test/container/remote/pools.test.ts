/** Requests to real servers through the pools of a cell. */
import type { LookupAddress } from 'node:dns'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { toConnectOptions } from '#container/remote/connector.ts'
import type { Resolve } from '#container/remote/connector.ts'
import { Pools } from '#container/remote/pools.ts'
import { Unsent } from '#container/remote/unsent.ts'
import { PoolSettings, resolvePool } from '#protocol/remote/pool.ts'
import { createCertificate } from '../../support/certificate.ts'
import { waitUntil } from '../../support/processes.ts'
import { WebOrigin } from '../../support/web-origin.ts'
import type { Answer, WebOriginOptions } from '../../support/web-origin.ts'

const certificate = createCertificate('mcp.test')
beforeAll(() => setDefaultCACertificates([...getCACertificates(), certificate.cert]))

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const echo: Answer = (_request, response, body) => {
  response.end(body)
}

async function startOrigin(options: WebOriginOptions): Promise<WebOrigin> {
  const origin = await WebOrigin.start(options)
  ends.push(() => origin.close())
  return origin
}

function createPools(...settings: ConstructorParameters<typeof Pools>): Pools {
  const pools = new Pools(...settings)
  ends.push(() => pools.shutDown())
  return pools
}

interface Asking {
  body?: string
  method?: 'GET' | 'POST'
  allowPrivate?: boolean
  pool?: Parameters<typeof PoolSettings.parse>[0]
  headers?: Record<string, string>
  signal?: AbortSignal
}

async function ask(pools: Pools, url: string, asking: Asking = {}): Promise<string> {
  const response = await open(pools, url, asking)
  return new Response(response.body).text()
}

function open(pools: Pools, url: string, asking: Asking = {}) {
  const { body, method = 'POST', allowPrivate = true, headers = {} } = asking
  const parsed = new URL(url)
  const pool = resolvePool(PoolSettings.parse(asking.pool ?? {}))
  return pools.of(parsed, { allowPrivate, pool }).fetch(parsed, {
    ...{ method, headers, signal: asking.signal ?? new AbortController().signal },
    ...(body !== undefined && { body: new TextEncoder().encode(body) }),
  })
}

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, id) => `call ${id}`)
}

describe('HTTP/2', () => {
  test('many first calls share one connection, and run at the same time', async () => {
    let running = 0
    let most = 0
    const waiting: (() => void)[] = []
    const origin = await startOrigin({
      ...{ certificate, h2: true },
      answer: (_request, response, body) => {
        most = Math.max(most, ++running)
        waiting.push(() => response.end(body))
        if (waiting.length === 50) for (const go of waiting) go()
      },
    })
    const pools = createPools()

    const answers = await Promise.all(ids(50).map((body) => ask(pools, origin.url, { body })))

    expect(answers).toEqual(ids(50))
    expect(origin.connections).toBe(1)
    expect(most).toBe(50)
    expect(new Set(origin.versions)).toEqual(new Set(['2.0']))
    expect(pools.figures()).toMatchObject([
      { origin: new URL(origin.url).origin, requests: 50, successes: 50, failures: 0, h2Share: 1 },
    ])
    expect(pools.figures()[0]).toMatchObject({ mostInFlight: 50, inFlight: 0, connections: 1 })
  })

  test('a stream that only listens holds no call up', async () => {
    const origin = await startOrigin({
      ...{ certificate, h2: true },
      answer: (request, response, body) => {
        if (request.method === 'GET') response.write(': hello\n\n')
        else response.end(body)
      },
    })
    const pools = createPools()
    const listening = await open(pools, origin.url, { method: 'GET' })
    const reader = listening.body?.getReader()
    await reader?.read()

    const answers = await Promise.all(ids(5).map((body) => ask(pools, origin.url, { body })))

    expect(answers).toEqual(ids(5))
    await reader?.cancel()
  })

  test('falls back to HTTP/1.1 where the server has no other', async () => {
    const origin = await startOrigin({ certificate, answer: echo })
    const pools = createPools()

    expect(await ask(pools, origin.url, { body: 'hello' })).toBe('hello')

    expect(origin.versions).toEqual(['1.1'])
    expect(pools.figures()[0]?.h2Share).toBe(0)
  })

  test('is not used where it is not allowed', async () => {
    const origin = await startOrigin({ certificate, h2: true, answer: echo })

    await ask(createPools(), origin.url, { body: 'hello', pool: { allowH2: false } })

    expect(origin.versions).toEqual(['1.1'])
  })

  test.each(['is cut', 'is ended by its server'])(
    'a request is sent once, when its connection %s',
    async (how) => {
      const origin = await startOrigin({
        ...{ certificate, h2: true },
        answer: (_request, response, body) => {
          if (origin.bodies.length > 5) response.end(body)
          else if (origin.bodies.length < 5) return
          else if (how === 'is cut') origin.cut()
          else origin.goAway()
        },
      })
      const pools = createPools()

      const outcomes = await Promise.allSettled(
        ids(5).map((body) => ask(pools, origin.url, { body })),
      )
      const next = await ask(pools, origin.url, { body: 'next' })

      expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill('rejected'))
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).not.toBeInstanceOf(Unsent)
      }
      expect(next).toBe('next')
      expect(origin.bodies.toSorted()).toEqual([...ids(5), 'next'])
      expect(pools.figures()[0]).toMatchObject({ requests: 6, failures: 5, inFlight: 0 })
    },
  )
})

describe('HTTP/1.1', () => {
  test('calls have no more connections than allowed, and use them again', async () => {
    const origin = await startOrigin({ answer: echo })
    const pools = createPools()
    const pool = { maxConnections: 3 }

    const answers = await Promise.all(ids(30).map((body) => ask(pools, origin.url, { body, pool })))

    expect(answers).toEqual(ids(30))
    expect(origin.connections).toBe(3)
    expect(pools.figures()[0]).toMatchObject({ requests: 30, mostInFlight: 30, connections: 3 })
  })

  test('streams that only listen take no connection of a call', async () => {
    const origin = await startOrigin({
      answer: (request, response, body) => {
        if (request.method === 'GET') response.write(': hello\n\n')
        else response.end(body)
      },
    })
    const pools = createPools()
    const pool = { maxConnections: 1 }
    const streams = [1, 2, 3].map(() => open(pools, origin.url, { method: 'GET', pool }))
    const listening = await Promise.all(streams)

    expect(await ask(pools, origin.url, { body: 'hello', pool })).toBe('hello')

    expect(origin.connections).toBe(4)
    for (const { body } of listening) await body?.cancel()
    await waitUntil(() => pools.figures()[0]?.inFlight === 0, 'streams are still counted')
  })

  test('idle connections are closed', async () => {
    const origin = await startOrigin({ answer: echo })
    const pools = createPools()

    await ask(pools, origin.url, { body: 'hello', pool: { keepAliveMs: 50 } })

    await waitUntil(() => origin.liveConnections === 0, 'the connection is still open')
  })
})

describe('a request', () => {
  test('fails when no response begins in time, and its connection is not used again', async () => {
    const origin = await startOrigin({
      answer: (_request, response, body) => {
        if (body !== 'silence') response.end(body)
      },
    })
    const pools = createPools()
    const pool = { requestTimeoutMs: 100, maxConnections: 1 }

    const silent = ask(pools, origin.url, { body: 'silence', pool })

    await expect(silent).rejects.toMatchObject({
      code: 'remote_failed',
      detail: expect.stringContaining('began no response within 100 ms') as string,
    })
    expect(await ask(pools, origin.url, { body: 'hello', pool })).toBe('hello')
    expect(pools.figures()[0]).toMatchObject({ requests: 2, successes: 1, failures: 1 })
  })

  test('may take longer than that once its response has begun', async () => {
    let finish = (): void => undefined
    const origin = await startOrigin({
      answer: (_request, response) => {
        response.write('begun, ')
        finish = () => response.end('ended')
      },
    })
    const pools = createPools()
    const response = await open(pools, origin.url, { body: '', pool: { requestTimeoutMs: 50 } })
    // The timeout would come in this time, if it came.
    await new Promise((resolve) => setTimeout(resolve, 80))
    finish()

    expect(await new Response(response.body).text()).toBe('begun, ended')
  })

  test('is unsent when its server is not there', async () => {
    const origin = await startOrigin({ answer: echo })
    const { url } = origin
    await origin.close()

    const outcome = ask(createPools(), url, { body: 'hello' })

    await expect(outcome).rejects.toBeInstanceOf(Unsent)
    await expect(outcome).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  })

  test('is unsent when the certificate is not trusted', async () => {
    const stranger = createCertificate()
    const origin = await startOrigin({ certificate: stranger, h2: true, answer: echo })

    await expect(ask(createPools(), origin.url, { body: 'secret' })).rejects.toBeInstanceOf(Unsent)

    expect(origin.bodies).toEqual([])
  })

  test('counts as failed with a status of 500 and more alone', async () => {
    const origin = await startOrigin({
      answer: (_request, response, body) => {
        response.statusCode = Number(body)
        response.end()
      },
    })
    const pools = createPools()

    for (const body of ['200', '202', '404', '500', '503']) await ask(pools, origin.url, { body })

    expect(pools.figures()[0]).toMatchObject({ requests: 5, successes: 3, failures: 2 })
    expect(pools.figures()[0]?.meanLatencyMs).toBeGreaterThan(0)
  })
})

describe('an address that is not public', () => {
  test('is not connected to', async () => {
    const origin = await startOrigin({ answer: echo })

    const outcome = ask(createPools(), origin.url, { body: 'hello', allowPrivate: false })

    await expect(outcome).rejects.toMatchObject({ cause: { name: 'ForbiddenAddress' } })
    expect(origin.connections).toBe(0)
  })

  test('is not connected to by a name that leads there on its second look-up', async () => {
    const origin = await startOrigin({ answer: echo })
    const url = origin.url.replace('127.0.0.1', 'mcp.test')
    const answers = ['93.184.215.14', '127.0.0.1']
    const asked: string[] = []
    const resolve: Resolve = (hostname, _options, callback) => {
      asked.push(hostname)
      callback(null, [{ address: answers[asked.length - 1] ?? '127.0.0.1', family: 4 }])
    }
    // Whoever looks the name up to check it is told of a public address.
    resolve('mcp.test', { all: true }, () => undefined)

    const outcome = ask(createPools(resolve), url, { body: 'hello', allowPrivate: false })

    await expect(outcome).rejects.toMatchObject({ cause: { name: 'ForbiddenAddress' } })
    expect(asked).toEqual(['mcp.test', 'mcp.test'])
    expect(origin.connections).toBe(0)
  })

  test.each([
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '::1',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
  ])('is not what a name may lead to: %s', async (address) => {
    const resolve: Resolve = (_hostname, _options, callback) => {
      callback(null, [{ address, family: address.includes(':') ? 6 : 4 }])
    }
    const pools = createPools(resolve)

    const outcome = ask(pools, 'http://mcp.test/mcp', { body: '', allowPrivate: false })

    await expect(outcome).rejects.toMatchObject({ cause: { name: 'ForbiddenAddress' } })
  })

  test('is left out where a name has others', async () => {
    const used: string[] = []
    const { lookup } = toConnectOptions(false, (_hostname, _options, callback) => {
      callback(null, [
        { address: '10.0.0.1', family: 4 },
        { address: '1.1.1.1', family: 4 },
      ])
    })

    lookup('mcp.test', { all: true }, (_error, found) => {
      for (const { address } of found as LookupAddress[]) used.push(address)
    })

    expect(used).toEqual(['1.1.1.1'])
  })

  test('is connected to where that is allowed, with the name that its certificate has', async () => {
    const origin = await startOrigin({ certificate, h2: true, answer: echo })
    const url = origin.url.replace('127.0.0.1', 'mcp.test')
    const resolve: Resolve = (_hostname, _options, callback) => {
      callback(null, [{ address: '127.0.0.1', family: 4 }])
    }

    expect(await ask(createPools(resolve), url, { body: 'hello' })).toBe('hello')
  })
})

describe('pools', () => {
  const settings = { allowPrivate: true, pool: resolvePool(PoolSettings.parse({})) }

  test('are shared by equal origins and settings alone', () => {
    const pools = createPools()
    const pool = pools.of(new URL('https://a.test/one'), settings)

    expect(pools.of(new URL('https://a.test/two'), { ...settings })).toBe(pool)
    expect(pools.of(new URL('https://b.test/one'), settings)).not.toBe(pool)
    expect(pools.of(new URL('http://a.test/one'), settings)).not.toBe(pool)
    expect(pools.of(new URL('https://a.test/one'), { ...settings, allowPrivate: false })).not.toBe(
      pool,
    )
    const narrow = { ...settings, pool: { ...settings.pool, maxConnections: 1 } }
    expect(pools.of(new URL('https://a.test/one'), narrow)).not.toBe(pool)
    expect(createPools().of(new URL('https://a.test/one'), settings)).not.toBe(pool)
  })

  test('end when the configuration drops them', async () => {
    const origin = await startOrigin({ certificate, h2: true, answer: echo })
    const pools = createPools()
    await ask(pools, origin.url, { body: 'hello' })
    expect(origin.liveConnections).toBe(1)

    pools.retain([])

    await waitUntil(() => origin.liveConnections === 0, 'the connection is still open')
  })

  test('take a bounded number of requests', async () => {
    const origin = await startOrigin({ answer: () => undefined })
    const pools = createPools()
    const pending = ids(1_024).map((body) => ask(pools, origin.url, { body }))

    await expect(ask(pools, origin.url, { body: 'one more' })).rejects.toBeInstanceOf(Unsent)

    await pools.shutDown()
    const outcomes = await Promise.allSettled(pending)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  })

  test('keep the figures of a bounded number of origins', () => {
    const pools = createPools()

    for (let port = 1; port <= 300; port++) pools.countsOf(new URL(`https://a.test:${port}`))

    const origins = pools.figures().map(({ origin }) => origin)
    expect(origins).toHaveLength(256)
    expect(origins).toContain('https://a.test:300')
    expect(origins).not.toContain('https://a.test:1')
  })
})
