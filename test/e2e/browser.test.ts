/** A browser behind the gateway: a server whose state, the open page, is its user's alone. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserServer } from '#test/support/browser-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { WebOrigin } from '#test/support/web-origin.ts'
import type { Connection } from './clients/client.ts'
import { SDK_V1 } from './clients/sdk-v1.ts'
import { SDK_V2, SDK_V2_MODERN } from './clients/sdk-v2.ts'

/** Three browsers start, on two processors. */
const TIMEOUT_MS = 240_000
const ROUNDS = 4
/** Two clients of one token, and one of another. */
const USERS = ['alice at work', 'alice at home', 'bob'] as const

let gateway: Gateway
let bobsToken: string
let pages: WebOrigin
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-browser-'))
  pages = await WebOrigin.start({
    answer: ({ url = '' }, response) => {
      response.setHeader('Content-Type', 'text/html')
      response.end(`<h1>${decodeURIComponent(url.slice(1))}</h1>`)
    },
  })
  gateway = await startGateway({ servers: { browser: await browserServer(folder) } })
  const bob = { name: 'bob', grants: { scopes: ['*'] } }
  bobsToken = (await gateway.admin<{ token: string }>('POST', 'tokens', bob)).token
}, TIMEOUT_MS)

afterAll(async () => {
  await gateway?.stop()
  await pages?.close()
  await rm(folder, { recursive: true, force: true })
}, TIMEOUT_MS)

interface User {
  name: string
  connection: Connection
}

async function visit({ name, connection }: User, page: string): Promise<void> {
  const path = encodeURIComponent(`${name}, ${page}`)
  await connection.callTool('browser_navigate', { url: new URL(`/${path}`, pages.url).href })
}

/** The heading of the page that the user's browser shows. */
async function headingOf({ connection }: User): Promise<string | undefined> {
  const snapshot = await connection.callTool('browser_snapshot', {})
  return /heading "([^"]*)"/.exec(snapshot)?.[1]
}

describe.each([SDK_V1, SDK_V2, SDK_V2_MODERN])('$name', (client) => {
  test(
    'keeps its page, whoever else browses at the same time',
    async () => {
      const users = await Promise.all(
        USERS.map(async (name): Promise<User> => {
          const target = { url: gateway.mcpURL('browser'), clientName: name }
          const given = name === 'bob' ? bobsToken : gateway.token
          return { name, connection: await client.connect({ ...target, token: given }) }
        }),
      )

      for (let round = 0; round < ROUNDS; round++) {
        const page = `page ${round}`
        await Promise.all(users.map((user) => visit(user, page)))
        const atOnce = await Promise.all(users.map(headingOf))
        // Whoever comes back finds the page that was left, though another one has moved on.
        const mover = users[round % users.length] as User
        await visit(mover, 'elsewhere')
        const later: unknown[] = []
        for (const user of users) later.push(await headingOf(user))

        expect(atOnce).toEqual(users.map(({ name }) => `${name}, ${page}`))
        expect(later).toEqual(
          users.map((user) => `${user.name}, ${user === mover ? 'elsewhere' : page}`),
        )
      }
      await Promise.all(users.map(({ connection }) => connection.close()))
    },
    TIMEOUT_MS,
  )
})
