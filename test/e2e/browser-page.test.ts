/** A page of another origin, in a real browser: it gets in where its origin is allowed, and nowhere else. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { servePage, type Pages } from '#test/support/browser-page.ts'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'

/** A browser starts, on a busy machine. */
const TIMEOUT_MS = 120_000

let gateway: Gateway
let strict: Gateway
let pages: Pages

beforeAll(async () => {
  pages = await servePage('streamable-http')
  const servers = { hello: fixture('begins-with-mark') }
  gateway = await startGateway({ servers, variables: { ALLOWED_ORIGINS: pages.origin } })
  strict = await startGateway({ servers })
}, TIMEOUT_MS)

afterAll(async () => {
  await gateway?.stop()
  await strict?.stop()
  await pages?.close()
})

const visit = ({ mcpURL, token }: Gateway) => pages.visit({ target: mcpURL('hello'), token })

test(
  'a page of an allowed origin calls tools with the SDK, and reads why it is refused',
  async () => {
    expect(await visit(gateway)).toEqual({
      visited: { content: [{ type: 'text', text: 'true' }], hasSession: true },
      refusal: { status: 401, challenge: expect.stringMatching(/^Bearer .*invalid_token/) },
    })
  },
  TIMEOUT_MS,
)

test(
  'a page of any other origin gets nothing, though it has the token',
  async () => {
    const { visited, refusal } = (await visit(strict)) as Record<string, { error?: string }>

    expect(visited?.error).toMatch(/Failed to fetch/)
    expect(refusal?.error).toMatch(/Failed to fetch/)
    expect((await strict.allLogs()).filter((line) => line.includes('"tools/call"'))).toEqual([])
  },
  TIMEOUT_MS,
)
