/** Several callers of one process: nobody is told what another one's call is answered, nor chooses what it is. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { within } from '#test/support/event-reader.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import {
  initialize,
  readAnswer,
  readTool,
  send,
  type Answer,
  type LegacyClient,
} from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'
import { issue } from '../access/issue.ts'

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      shared: fixture('ignores-case', { sharing: 'shared' }),
      own: fixture('ignores-case'),
    },
  })
})

afterAll(() => gateway?.stop())

/** Sessions of two tokens, and a call of the second one that waits under `number`. */
async function begin() {
  const own = targetOf(gateway, 'shared')
  const { token } = await issue(gateway, { scopes: ['servers:*'] })
  const one = await initialize({ ...own, token })
  const other = await initialize(own)
  // Its start is over, and tells nobody how far it is.
  await other.call('held')
  const waiting = other.call('hold', { tag: 'of the other' }, { id: 1, progressToken: 'other' })
  return { one, waiting, number: await numberOfHeld(one) }
}

async function numberOfHeld(client: LegacyClient): Promise<number> {
  const numbers: number[] = []
  await waitUntil(async () => {
    numbers.push(...readTool<number[]>(await client.call('held')))
    return numbers.length > 0
  }, 'no call waits')
  return numbers[0] ?? 0
}

async function post(client: LegacyClient, body: string, id: number): Promise<Answer> {
  return readAnswer(await send(client.target, 'POST', client.headers, body), id)
}

const call = (name: string, args: object, more: string) =>
  `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"${name}","arguments":${JSON.stringify(args)}${more}`

test.each([
  ['id', (number: number) => call('say', { tag: 'chosen' }, `},"ID":${number}}`)],
  [
    'progress token',
    (number: number) => {
      const tokens = `{"progressToken":"z","ProgressToken":${number}}`
      return call('report', { message: 'chosen' }, `,"_meta":${tokens}}}`)
    },
  ],
])(
  'a call is refused that a server may read under the %s of another one',
  async (_what, bodyOf) => {
    const { one, waiting, number } = await begin()
    const refused = await post(one, bodyOf(number), 9)
    await one.call('release')
    const { message, events } = await within(waiting)

    expect(refused.message.error?.data?.code).toBe('invalid_message')
    expect({ told: readTool({ message }), events }).toEqual({
      told: { tag: 'of the other' },
      events: [],
    })
  },
)

test('an error without an id is not told to another caller', async () => {
  const { one, waiting } = await begin()
  await one.call('blame', { message: 'of the one' })
  await one.call('release')

  expect(readTool(await within(waiting))).toEqual({ tag: 'of the other' })
})

test('an error without an id is not that of the next call when one was given up', async () => {
  const client = await initialize(targetOf(gateway, 'own'))
  const first = client.call('hold', { tag: 'first' }, { id: 1 })
  await numberOfHeld(client)
  await client.notify('notifications/cancelled', { requestId: 1 })
  const second = client.call('hold', { tag: 'second' })
  await client.call('blame', { message: 'of the first' })
  await client.call('release')

  expect((await first).message).toEqual({})
  expect(readTool(await within(second))).toEqual({ tag: 'second' })
})
