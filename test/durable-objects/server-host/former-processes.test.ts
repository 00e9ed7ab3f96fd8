/** A new object and the processes that the one before it had for clients without a session. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FormerChannel } from '#protocol/link.ts'
import { FRAME } from '#protocol/link/frame.ts'
import { ModernClient, type Answer } from '#test/support/http-client.ts'
import {
  SERVER,
  startScriptedGateway,
  type ScriptedGateway,
  type ScriptedTenant,
} from '#test/support/scripted-gateway.ts'
import type { ScriptedHost } from '#test/support/scripted-host.ts'
import { answerAsLegacy } from './answers.ts'

let gateway: ScriptedGateway

beforeAll(async () => {
  gateway = await startScriptedGateway()
})

afterAll(() => gateway.stop())

const channelsOf = (host: ScriptedHost): number[] =>
  host.requests('tools/call').map(({ channel }) => channel)
const closed = (host: ScriptedHost): number[] =>
  host.frames.flatMap(({ type, channel }) => (type === FRAME.close ? channel : []))

/** A tenant with a process on which its client has called. */
async function begin(more = {}) {
  const tenant = await gateway.tenant(more)
  const { host, target } = tenant
  host.script = { answer: answerAsLegacy }
  const client = new ModernClient(target, { elicitation: {} }, 'one')
  await client.call('do')
  const [channel = 0] = channelsOf(host)
  return { tenant, host, client, channel }
}

/** What the host program tells the next object. `onWelcome`: what comes right after that. */
async function evict(
  { tenant, channel }: { tenant: ScriptedTenant; channel: number },
  more: Partial<FormerChannel> = { hasAnswered: true },
  onWelcome = () => undefined as void,
): Promise<void> {
  const { host } = tenant
  const open = host.frames.find((frame) => frame.type === FRAME.open && frame.channel === channel)
  const { key = '' } = (open?.meta ?? {}) as { key?: string }
  const former = { channel, key, server: SERVER, digest: '', ...more }
  host.script.onHello = (socket, hello) => {
    host.welcome(socket, hello, { channels: [former] })
    onWelcome()
  }
  await tenant.evict()
}

test('the client for which it was brought up has it again, and is not introduced twice', async () => {
  const begun = await begin()
  const { host, client, channel } = begun
  const introduced = host.requests('initialize').length
  await evict(begun)

  await client.call('do')

  expect(channelsOf(host)).toEqual([channel, channel])
  expect(host.requests('initialize')).toHaveLength(introduced)
  expect(
    host.requests('notifications/initialized').filter((one) => one.channel === channel),
  ).toHaveLength(1)
})

test.each([
  [
    'another principal',
    async ({ issue }: ScriptedTenant) => (await issue({})).target,
    'one',
    ['elicitation'],
  ],
  ['a client of another name', ({ target }: ScriptedTenant) => target, 'two', ['elicitation']],
  [
    'a client that can do more',
    ({ target }: ScriptedTenant) => target,
    'one',
    ['elicitation', 'sampling'],
  ],
])('%s has another one', async (_who, targetOf, name, capabilities) => {
  const begun = await begin()
  const { tenant, host, client, channel } = begun
  const can = Object.fromEntries(capabilities.map((capability) => [capability, {}]))
  const other = new ModernClient(await targetOf(tenant), can, name)
  await evict(begun)

  await other.call('do')
  await client.call('do')

  const [, others, own] = channelsOf(host)
  expect(others).not.toBe(channel)
  expect(own).toBe(channel)
})

test.each([
  ['that has answered nothing', {}, { hasAnswered: false }],
  ['of which an older host program tells nothing', {}, {}],
  ['of a pool', { sharing: 'pool' }, { hasAnswered: true }],
])('one %s ends', async (_what, config, more) => {
  const begun = await begin(config)
  const { host, client, channel } = begun
  await evict(begun, more)

  await client.call('do')

  expect(channelsOf(host)[1]).not.toBe(channel)
  expect(closed(host)).toContain(channel)
})

test('one whose first answer the former object did not see ends, and its client gets another one', async () => {
  const begun = await begin()
  const { host, client, channel } = begun
  await evict(begun, undefined, () => {
    host.replay(() => host.respond(channel, 'hearth:begin:1', {}))
  })

  const answer: Answer = await client.call('do')

  expect(answer.message.result).toBeDefined()
  expect(channelsOf(host).at(-1)).not.toBe(channel)
  expect(closed(host)).toContain(channel)
})

test('what one asks that waits for its client is refused at once', async () => {
  const begun = await begin()
  const { tenant, host, channel } = begun
  await evict(begun, undefined, () => host.ask(channel, 7, 'ping', {}))

  await new ModernClient(tenant.target, {}, 'other').call('do')
  host.ask(channel, 8, 'elicitation/create', { message: 'which?' })

  await host.until(() => host.answers(7).length === 1 && host.answers(8).length === 1, 'answers')
  expect(host.answers(7)[0]?.result).toEqual({})
  expect(host.answers(8)[0]?.result).toBeUndefined()
})

test('one that was configured anew meanwhile serves nobody', async () => {
  const begun = await begin()
  const { tenant, host, client, channel } = begun
  await evict(begun)
  await tenant.putServer({ args: ['changed'] })

  await client.call('do')

  expect(channelsOf(host)[1]).not.toBe(channel)
})
