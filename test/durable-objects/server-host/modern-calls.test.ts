/** Modern calls on a legacy server's processes, which a test plays. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FRAME } from '#protocol/link/frame.ts'
import { ModernClient } from '#test/support/http-client.ts'
import { startScriptedGateway, type ScriptedGateway } from '#test/support/scripted-gateway.ts'
import type { ScriptedHost } from '#test/support/scripted-host.ts'
import { answerAsLegacy } from './answers.ts'

let gateway: ScriptedGateway

beforeAll(async () => {
  gateway = await startScriptedGateway()
})

afterAll(() => gateway.stop())

const holdCalls = {
  answer: (request: { method?: string }) =>
    request.method === 'tools/call' ? undefined : answerAsLegacy(request),
}

async function nthCall(host: ScriptedHost, nth: number): Promise<{ channel: number; id: number }> {
  await host.until(() => host.requests('tools/call').length >= nth, `call ${nth}`)
  const found = host.requests('tools/call')[nth - 1]
  return { channel: found?.channel ?? 0, id: Number(found?.request.id) }
}

const isClosed = (host: ScriptedHost, channel: number) =>
  host.frames.some((frame) => frame.type === FRAME.close && frame.channel === channel)

test('a new configuration reaches the host program, and calls that run go on', async () => {
  const { host, target, putServer } = await gateway.tenant()
  host.script = holdCalls
  const client = new ModernClient(target)
  const running = client.call('waits')
  const before = await nthCall(host, 1)

  await putServer({ args: ['changed'] })
  await client.request('tools/list')
  host.respond(before.channel, before.id, { content: [] })

  const configured = host.frames.filter(({ type }) => type === FRAME.configure).at(-1)
  expect(configured?.meta).toMatchObject({ launches: [{ args: ['changed'] }] })
  expect((await running).message.result).toMatchObject({ content: [] })
  await host.until(() => isClosed(host, before.channel), 'end of the former process')
})

test('a process of a pool whose call was abandoned serves no other one', async () => {
  const { host, target } = await gateway.tenant({ sharing: 'pool' })
  host.script = holdCalls
  const client = new ModernClient(target)
  const opened = client.openCall('waits', {}, { progressToken: 'p' })
  const abandoned = await nthCall(host, 1)
  const progress = { progressToken: abandoned.id, progress: 1 }
  host.notify(abandoned.channel, 'notifications/progress', progress)

  ;(await opened).disconnect()
  await host.until(() => isClosed(host, abandoned.channel), 'end of the process')
  const next = client.call('waits')
  const second = await nthCall(host, 2)
  host.respond(second.channel, second.id, { content: [] })

  expect((await next).status).toBe(200)
  expect(second.channel).not.toBe(abandoned.channel)
})

test('a call of other capabilities gets its turn while a full pool is busy', async () => {
  const { host, target } = await gateway.tenant({ sharing: 'pool', maxProcesses: 1 })
  host.script = holdCalls
  const busy = new ModernClient(target)
  const other = new ModernClient(target, { sampling: {} })
  let open = true
  const keepBusy = async (): Promise<void> => {
    while (open) await busy.call('busy')
  }
  const answering = async (): Promise<void> => {
    for (let nth = 1; open; nth += 1) {
      const { channel, id } = await nthCall(host, nth)
      host.respond(channel, id, { content: [] })
    }
  }
  const loops = [keepBusy(), keepBusy(), keepBusy(), answering().catch(() => undefined)]
  await nthCall(host, 3)

  const answer = await other.call('starved')
  open = false

  expect(answer.message.result).toMatchObject({ content: [] })
  await Promise.race(loops)
})

test('a subscription that the server refuses is left out of the acknowledgement', async () => {
  const { host, target } = await gateway.tenant()
  host.script = {
    answer: (request) =>
      request.params?.uri === 'test://refused'
        ? { error: { code: -32602, message: 'no such resource' } }
        : answerAsLegacy(request),
  }

  const stream = await new ModernClient(target).listen(
    { resourceSubscriptions: ['test://refused', 'test://kept'] },
    'listening',
  )
  const { params } = await stream.message()
  stream.disconnect()

  expect(params).toMatchObject({ notifications: { resourceSubscriptions: ['test://kept'] } })
})
