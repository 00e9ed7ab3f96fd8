/** Two servers that are started in the same way. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ModernClient } from '#test/support/http-client.ts'
import { startScriptedGateway, type ScriptedGateway } from '#test/support/scripted-gateway.ts'
import { answerAsLegacy } from '../answers.ts'

let gateway: ScriptedGateway

beforeAll(async () => {
  gateway = await startScriptedGateway()
})

afterAll(() => gateway.stop())

test('each of them has its own tools and pins, whichever was asked first', async () => {
  const { host, target, putServer, evict } = await gateway.tenant()
  const tools = [{ name: 'any', inputSchema: { type: 'object' } }]
  host.script = {
    answer: (asked) => (asked.method === 'tools/list' ? { tools } : answerAsLegacy(asked)),
  }
  const list = async (): Promise<string[]> => {
    const client = new ModernClient({ ...target, url: target.url.replace('/scripted', '') })
    const { message } = await client.request('tools/list')
    const { tools: listed = [] } = (message.result ?? {}) as { tools?: { name: string }[] }
    return listed.map(({ name }) => name)
  }
  expect(await list()).toEqual(['scripted__any'])
  await evict()
  await putServer({}, { twin: { command: 'scripted' } })

  expect(await list()).toEqual(['scripted__any', 'twin__any'])
  const pins = (await gateway.rows('tool_pins')).map(({ server }) => String(server))
  expect(pins.toSorted()).toEqual(['scripted', 'twin'])
})
