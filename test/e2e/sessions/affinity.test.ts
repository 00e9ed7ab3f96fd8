/** Whose process a modern client's calls run in, and who hears what that says. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { ModernClient, readTool, type Answer } from '#test/support/http-client.ts'
import { LATEST_LEGACY, LATEST_MODERN } from '#protocol/mcp.ts'
import { issue } from '../access/issue.ts'
import { SDK_V2 } from '../clients/sdk-v2.ts'

interface Page {
  pid: number
  page: string | null
  client: string
}

const ALL = { scopes: ['*'] }
const ELICITS = { elicitation: { form: {} } }

let gateway: Gateway
let tokens: Record<'anna' | 'ben', string>

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      browser: fixture('keeps-page'),
      narrow: fixture('keeps-page', { maxProcesses: 2 }),
      pool: fixture('keeps-page', { sharing: 'pool', maxProcesses: 1 }),
      shared: fixture('keeps-page', { sharing: 'shared' }),
    },
  })
  const [anna, ben] = await Promise.all([issue(gateway, ALL), issue(gateway, ALL)])
  tokens = { anna: anna.token, ben: ben.token }
})

afterAll(() => gateway?.stop())

interface Who {
  token?: keyof typeof tokens
  name?: string
  capabilities?: object
}

function clientOf(server: string, { token = 'anna', name, capabilities = {} }: Who = {}) {
  const target = { url: gateway.mcpURL(server), token: tokens[token] }
  return new ModernClient(target, capabilities, name)
}

const pageOf = async (client: ModernClient) => readTool<Page>(await client.call('page'))

describe('a server with a process for each client', () => {
  test('shows no principal the page that another one opened', async () => {
    const [anna, ben] = [clientOf('browser'), clientOf('browser', { token: 'ben' })]
    const opened = readTool<Page>(await anna.call('open', { url: 'anna’s' }))

    const seen = await pageOf(ben)
    expect(seen.page).toBeNull()
    expect(seen.pid).not.toBe(opened.pid)
    expect(await pageOf(anna)).toMatchObject({ pid: opened.pid, page: 'anna’s' })
  })

  test('keeps two clients of one token apart, and says who each is', async () => {
    const [editor, shell] = ['editor', 'shell'].map((name) => clientOf('browser', { name }))
    if (editor === undefined || shell === undefined) throw new Error('unreachable')
    await editor.call('open', { url: 'editor’s' })
    await shell.call('open', { url: 'shell’s' })

    expect(await pageOf(editor)).toMatchObject({ page: 'editor’s', client: 'editor' })
    expect(await pageOf(shell)).toMatchObject({ page: 'shell’s', client: 'shell' })
  })

  test('answers calls at once in the one process, and finds that again', async () => {
    const client = clientOf('browser', { name: 'at once' })
    const { pid } = readTool<Page>(await client.call('open', { url: 'mine' }))
    const both = await Promise.all([client.call('wait'), client.call('wait'), client.call('page')])

    for (const answer of both) expect(readTool(answer)).toMatchObject({ pid, page: 'mine' })
    expect(await pageOf(client)).toMatchObject({ pid, page: 'mine' })
  })

  test('starts one process for a client whose first calls come at once', async () => {
    const client = clientOf('browser', { name: 'burst' })
    const answers = await Promise.all(Array.from({ length: 5 }, () => client.call('wait')))

    expect(new Set(answers.map((answer) => readTool<Page>(answer).pid)).size).toBe(1)
  })

  test('tells a subscription what a call of the same client changes, also after kill -9', async () => {
    const client = clientOf('browser', { name: 'listening' })
    const listening = await client.listen({ resourceSubscriptions: ['page://now'] }, 'sub')
    await listening.message()
    const updated = { method: 'notifications/resources/updated', params: { uri: 'page://now' } }

    const { pid } = readTool<Page>(await client.call('open', { url: 'one' }))
    expect(await listening.message()).toMatchObject(updated)
    process.kill(pid, 'SIGKILL')
    await pageOf(client) // whichever process: this one may be repeated
    const again = readTool<Page>(await client.call('open', { url: 'two' }))
    expect(await listening.message()).toMatchObject(updated)
    listening.disconnect()

    expect(again.pid).not.toBe(pid)
  })

  test('asks the client of the call that asks, while others run', async () => {
    const client = clientOf('browser', { name: 'asked', capabilities: ELICITS })
    const waiting = client.call('wait', { ms: 500 })
    const [first, second] = [
      await client.call('ask', { message: 'one' }),
      await client.call('ask', { message: 'two' }),
    ]
    const retries = [second, first].map((asked) => answerOf(client, asked))
    const told = (await Promise.all(retries)).map((answer) => readTool(answer))

    expect(told).toEqual(['two', 'one'].map((text) => accepted(text)))
    expect(readTool<Page>(await waiting).client).toBe('asked')
  })

  test('asks with the call that asks, where two of one client begin at once', async () => {
    for (const [name, before] of Object.entries({ cold: [], warm: ['before'] })) {
      const client = clientOf('browser', { name: `asked at once, ${name}`, capabilities: ELICITS })
      for (const message of before) await answerOf(client, await client.call('ask', { message }))
      const texts = ['one', 'two']
      const asked = await Promise.all(texts.map((message) => client.call('ask', { message })))
      const told = await Promise.all(asked.map((question) => answerOf(client, question)))

      expect(asked.map(questionOf)).toEqual(texts)
      expect(told.map((answer) => readTool(answer))).toEqual(texts.map(accepted))
    }
  })

  test('asks with a call of the tool that asks, not with one that began later', async () => {
    const client = clientOf('browser', { name: 'asks late', capabilities: ELICITS })
    await answerOf(client, await client.call('ask', { message: 'alone' }))
    const asking = client.call('ask', { message: 'late', ms: 300 })
    const waiting = client.call('wait', { ms: 500 })

    expect(questionOf(await asking)).toBe('late')
    expect(readTool<Page>(await waiting).client).toBe('asks late')
  })

  test('gives the processes of clients that need none to others', async () => {
    for (const name of ['a', 'b', 'c', 'a']) {
      expect(await pageOf(clientOf('narrow', { name }))).toMatchObject({ page: null, client: name })
    }
  })

  test('has a client wait for a process where all are in use', async () => {
    const busy = ['a', 'b'].map((name) => clientOf('narrow', { name }).call('wait', { ms: 300 }))
    const answers = await Promise.all([...busy, clientOf('narrow', { name: 'c' }).call('page')])

    expect(answers.map((answer) => readTool<Page>(answer).client)).toEqual(['a', 'b', 'c'])
  })
})

describe('server/discover', () => {
  const announced = async (path: string) => {
    const client = new ModernClient({ url: `${gateway.url}${path}`, token: tokens.anna })
    const { message } = await client.request('server/discover')
    return message.result?.supportedVersions
  }

  test.each([
    ['a server with a process for each client', '/mcp/browser', LATEST_LEGACY],
    ['a pool', '/mcp/pool', LATEST_MODERN],
    ['a shared server', '/mcp/shared', LATEST_MODERN],
    ['a catalog with a server that has sessions', '/mcp', LATEST_LEGACY],
    ['a server whose client has no sessions', '/mcp/browser?protocol=2026-07-28', LATEST_MODERN],
    ['a catalog whose client has none', '/mcp?protocol=2026-07-28', LATEST_MODERN],
  ])('of %s announces the era that keeps its clients apart', async (_what, path, revision) => {
    const versions = await announced(path)

    expect(versions).toContain(revision)
    expect(versions).not.toContain(revision === LATEST_MODERN ? LATEST_LEGACY : LATEST_MODERN)
  })

  test.each(['/mcp/browser', '/mcp'])(
    'keeps two running clients of one token and one name apart: %s',
    async (path) => {
      const target = { url: `${gateway.url}${path}`, token: tokens.anna, clientName: 'twin' }
      const twins = await Promise.all([SDK_V2.connect(target), SDK_V2.connect(target)])
      const prefix = path === '/mcp' ? 'browser__' : ''
      const pages = await Promise.all(
        twins.map(async (twin, n) => {
          await twin.callTool(`${prefix}open`, { url: `page ${n}` })
          return JSON.parse(await twin.callTool(`${prefix}page`, {})) as Page
        }),
      )
      await Promise.all(twins.map((twin) => twin.close()))

      expect(pages.map(({ page }) => page)).toEqual(['page 0', 'page 1'])
      expect(pages[0]?.pid).not.toBe(pages[1]?.pid)
    },
  )
})

describe.each(['browser', 'pool', 'shared'])('what a process of %s says late', (server) => {
  const heard = async (client: ModernClient) => {
    const args = { ms: 1 }
    const answer = await client.call('wait', args, { logLevel: 'debug', progressToken: 'own' })
    return JSON.stringify([answer.events, answer.message])
  }

  test('reaches no other principal, and no other client', async () => {
    const anna = clientOf(server, { capabilities: ELICITS })
    await anna.call(
      'lingers',
      { secret: 'anna’s secret' },
      { logLevel: 'debug', progressToken: 'a' },
    )
    const ben = clientOf(server, { token: 'ben', capabilities: ELICITS })
    expect(await heard(ben)).not.toContain('secret')

    await anna.call(
      'lingers',
      { secret: 'anna’s secret' },
      { logLevel: 'debug', progressToken: 'a' },
    )
    const other = clientOf(server, { name: 'other', capabilities: ELICITS })
    expect(await heard(other)).not.toContain('secret')
  })

  test('is not taken for the progress of the next call', async () => {
    const client = clientOf(server, { name: 'late' })
    await client.call('lingers', { secret: 'of before' }, { progressToken: 'before' })
    const { events } = await client.call('page', {}, { progressToken: 'next' })

    expect(events).toEqual([])
  })
})

const accepted = (text: string) => ({ action: 'accept', content: { text } })

function questionOf({ message }: Answer): string | undefined {
  const { inputRequests } = message.result as {
    inputRequests: Record<string, { params: { message: string } }>
  }
  return Object.values(inputRequests)[0]?.params.message
}

/** Says again what the question said. */
function answerOf(client: ModernClient, { message }: Answer): Promise<Answer> {
  const { inputRequests, requestState } = message.result as {
    inputRequests: Record<string, { params: { message: string } }>
    requestState: string
  }
  const [key = '', asked] = Object.entries(inputRequests)[0] ?? []
  const text = asked?.params.message ?? ''
  const more = { requestState, inputResponses: { [key]: accepted(text) } }
  return client.call('ask', { message: text }, {}, more)
}
