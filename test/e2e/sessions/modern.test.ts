/** Modern clients on a legacy server: every request alone, over processes that live longer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LATEST_MODERN, META } from '#protocol/mcp.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { ModernClient, readTool, type Answer } from '#test/support/http-client.ts'

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      asks: fixture('asks-client'),
      pool: fixture('asks-client', { sharing: 'pool' }),
      lists: fixture('changes-lists'),
      ticks: fixture('ticks'),
      pooled: fixture('ticks', { sharing: 'pool' }),
      interest: fixture('remembers-interest'),
    },
  })
})

afterAll(() => gateway?.stop())

const clientOf = (server: string, capabilities = {}) =>
  new ModernClient(targetOf(gateway, server), capabilities)

const ELICITS = { elicitation: { form: {} } }
const QUESTION = {
  method: 'elicitation/create',
  params: { mode: 'form', message: 'who?', requestedSchema: { type: 'object', properties: {} } },
}
const ACCEPTED = { action: 'accept', content: { name: 'Vesta' } }

test('server/discover tells the revisions, the capabilities and how long that holds', async () => {
  const { status, message } = await clientOf('pooled').request('server/discover')

  expect(status).toBe(200)
  expect(message.result).toMatchObject({
    resultType: 'complete',
    supportedVersions: expect.arrayContaining([LATEST_MODERN]),
    capabilities: { tools: { listChanged: true } },
    ttlMs: expect.any(Number),
    cacheScope: expect.stringMatching(/^(private|public)$/),
  })
})

test('a call is answered with its own id, a result type and the server’s name', async () => {
  const { message } = await clientOf('ticks').call('pid', {}, { id: 'own' })

  expect(message).toMatchObject({
    id: 'own',
    result: { resultType: 'complete', _meta: { [META.serverInfo]: { name: 'fixture' } } },
  })
})

test.each(['ticks', 'pooled'])(
  'the same ids of calls that run at once do not meet: %s',
  async (server) => {
    const client = clientOf(server)
    const streams = await Promise.all(
      ['a', 'b', 'c'].map((progressToken) =>
        client.openCall('tick', { first: 1 }, { id: 'same', progressToken }),
      ),
    )
    const progress = await Promise.all(streams.map((stream) => stream.message()))
    expect(progress.map(({ params }) => params?.progressToken)).toEqual(['a', 'b', 'c'])
    for (const stream of streams) stream.disconnect()
  },
)

interface Asked {
  resultType: string
  inputRequests: Record<string, { method: string; params: object }>
  requestState: string
}

function readAsked({ message }: Answer): Asked & { key: string } {
  const asked = message.result as unknown as Asked
  expect(asked).toMatchObject({ resultType: 'input_required', requestState: expect.any(String) })
  return { ...asked, key: Object.keys(asked.inputRequests)[0] ?? '' }
}

describe('a call whose server asks back', () => {
  const retry = (client: ModernClient, asked: Asked, inputResponses: object, args = QUESTION) =>
    client.call('ask', args, {}, { requestState: asked.requestState, inputResponses })

  test('is parked, and its retry gets the answer of the same call', async () => {
    const client = clientOf('asks', ELICITS)
    const asked = readAsked(await client.call('ask', QUESTION))
    expect(asked.inputRequests[asked.key]).toMatchObject({
      method: QUESTION.method,
      params: { message: 'who?' },
    })

    const answer = await retry(client, asked, { [asked.key]: ACCEPTED })
    expect(readTool(answer)).toEqual(ACCEPTED)
  })

  test.each(['asks', 'pool'])('parks beside others of its client: %s', async (server) => {
    const client = clientOf(server, ELICITS)
    const all = await Promise.all([1, 2, 3].map(() => client.call('ask', QUESTION)))
    const answers = await Promise.all(
      all.map(readAsked).map((asked, n) => {
        return retry(client, asked, { [asked.key]: { ...ACCEPTED, content: { n } } })
      }),
    )

    const told = answers.map((answer) => readTool<typeof ACCEPTED>(answer).content)
    const each = [0, 1, 2].map((n) => ({ n }))
    // In one process nothing says which of the calls at once a question is for; each gets one.
    expect(told).toEqual(server === 'pool' ? each : expect.arrayContaining(each))
  })

  test('refuses a state that was changed, or is of another call', async () => {
    const client = clientOf('asks', ELICITS)
    const asked = readAsked(await client.call('ask', QUESTION))
    const half = asked.requestState.length >> 1
    const swapped = asked.requestState[half] === 'A' ? 'B' : 'A'
    const changed = asked.requestState.slice(0, half) + swapped + asked.requestState.slice(half + 1)
    const responses = { [asked.key]: ACCEPTED }
    const other = { ...QUESTION, method: 'sampling/createMessage' }

    for (const answer of [
      await retry(client, { ...asked, requestState: changed }, responses),
      await retry(client, { ...asked, requestState: 'made-up' }, responses),
      await retry(client, asked, responses, other),
    ]) {
      expect(answer).toMatchObject({
        status: 400,
        message: { error: { code: -32602, data: { code: 'request_state_invalid' } } },
      })
    }
    expect(readTool(await retry(client, asked, responses))).toEqual(ACCEPTED)
  })

  test('that was resumed is not resumed again: a replayed state begins the call anew', async () => {
    const client = clientOf('asks', ELICITS)
    const asked = readAsked(await client.call('ask', QUESTION))
    await retry(client, asked, { [asked.key]: ACCEPTED })
    const replayed = readAsked(await retry(client, asked, { [asked.key]: ACCEPTED }))

    expect(replayed.requestState).not.toBe(asked.requestState)
  })

  test('whose process was killed begins anew with its retry', async () => {
    const client = clientOf('asks', ELICITS)
    const asked = readAsked(await client.call('ask', QUESTION))
    await gateway.killHostProgram()

    readAsked(await retry(client, asked, { [asked.key]: ACCEPTED }))
  })

  test('fails where the client did not declare what it would need', async () => {
    const answer = await clientOf('asks').call('ask', QUESTION)

    expect(answer).toMatchObject({
      status: 400,
      message: {
        error: {
          code: -32021,
          data: { code: 'capability_required', requiredCapabilities: { elicitation: {} } },
        },
      },
    })
  })
})

describe('subscriptions/listen', () => {
  test('is acknowledged first, then brings what was asked for, tagged with its id', async () => {
    const client = clientOf('lists')
    const listening = await client.listen({ toolsListChanged: true }, 'sub-1')
    const acknowledged = await listening.message()
    expect(acknowledged).toMatchObject({
      method: 'notifications/subscriptions/acknowledged',
      params: {
        notifications: { toolsListChanged: true },
        _meta: { [META.subscriptionId]: 'sub-1' },
      },
    })

    await client.call('change')
    expect(await listening.message()).toMatchObject({
      method: 'notifications/tools/list_changed',
      params: { _meta: { [META.subscriptionId]: 'sub-1' } },
    })
    listening.disconnect()
  })

  test('brings nothing that was not asked for, and each of two its own', async () => {
    const client = clientOf('lists')
    const changes = await client.listen({ toolsListChanged: true }, 1)
    const nothing = await client.listen({}, '1')
    await Promise.all([changes.message(), nothing.message()])
    await client.call('change')
    await changes.message()
    nothing.disconnect()
    changes.disconnect()

    expect(changes.messages.map(({ params }) => params?._meta)).toEqual([
      { [META.subscriptionId]: 1 },
      { [META.subscriptionId]: 1 },
    ])
    expect(nothing.messages).toHaveLength(1)
  })
})

test('a log level holds for its own request', async () => {
  const client = clientOf('interest')
  const loud = readTool(await client.call('interest', {}, { logLevel: 'debug' }))

  expect(loud).toMatchObject({ level: 'debug' })
})
