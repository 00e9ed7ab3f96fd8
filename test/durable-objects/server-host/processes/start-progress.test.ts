import { expect, test } from 'vitest'
import { ClientCall } from '#durable-objects/server-host/call/client-call.ts'
import { StartProgress } from '#durable-objects/server-host/call/start-progress.ts'
import type { HostCall } from '#protocol/host-call.ts'

const HOST: HostCall = {
  requestId: 'one',
  receivedAt: 0,
  tenant: 'local',
  principal: 'token:1',
  credential: 'token:1',
  server: 'slow',
  configVersion: 1,
  era: 'legacy',
  http: 'POST',
  progressToken: 'p',
}

test('what a start tells comes before whatever the server tells of its own progress', () => {
  const said: Uint8Array[] = []
  const call = new ClientCall({
    host: HOST,
    id: 1,
    body: new Uint8Array(),
    reply: {
      answer: () => undefined,
      fail: () => undefined,
      event: (payload) => void said.push(payload),
      abandon: () => undefined,
    },
    timeoutMs: 1_000,
    log: undefined,
    onSettled: () => undefined,
  })
  const progress = new StartProgress()
  for (const state of ['queued', 'installing', 'starting', 'starting', 'queued'] as const) {
    progress.tell(call, { state, server: 'slow', processes: 0, spares: 0 })
  }
  const told = said.map((payload) => {
    const { params } = JSON.parse(new TextDecoder().decode(payload)) as {
      params: { progress: number; message: string }
    }
    return params
  })

  expect(told.map(({ message }) => message)).toEqual([
    'slow waits for its turn to start',
    'installing slow',
    'starting slow',
    'slow waits for its turn to start',
  ])
  // The first of a server's own may be 0.
  const heard = [...told.map((one) => one.progress), 0]
  expect(heard).toEqual([...new Set(heard)].toSorted((a, b) => a - b))
})
