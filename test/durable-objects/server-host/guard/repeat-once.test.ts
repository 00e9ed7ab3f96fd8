/** What becomes of a call whose process is gone. */
import { expect, test } from 'vitest'
import { ClientCall } from '#durable-objects/server-host/call/client-call.ts'
import { repeatOnce } from '#durable-objects/server-host/guard/repeat-once.ts'
import { GatewayError } from '#protocol/errors.ts'

const EXITED = new GatewayError('server_exited')
const ANSWER = new TextEncoder().encode('{}')

/** `lost`: the codes with which it failed. */
function createCall(mayTake = true) {
  const lost: string[] = []
  const call = new ClientCall({
    host: {
      ...{ requestId: 'r', receivedAt: 0, tenant: 'acme', principal: 'p', credential: 'c' },
      ...{ server: 's', configVersion: 1, era: 'legacy', http: 'POST' },
    },
    ...{ id: 1, body: ANSWER, timeoutMs: 1_000, log: undefined, onSettled: () => undefined },
    reply: {
      answer: () => undefined,
      fail: ({ code }) => lost.push(code),
      event: () => undefined,
      abandon: () => undefined,
    },
  })
  call.guard = {
    ...{ awaitsProcess: false, takesOver: () => false, takeRepetition: () => mayTake },
    ...{ onSettled: () => undefined, expire: () => undefined },
  }
  return { call, lost }
}

const yes = () => Promise.resolve(true)
const aTurn = () => new Promise((resolve) => setImmediate(resolve))

test('one that may be repeated is sent again, and is known to be', async () => {
  const { call, lost } = createCall()
  let sent = 0
  const send = (): undefined => void sent++
  repeatOnce(call, EXITED, { mayRepeat: yes, again: send })
  await aTurn()

  expect({ sent, lost, repeated: call.repeated }).toEqual({ sent: 1, lost: [], repeated: true })
})

test.each([
  ['may not be', { mayRepeat: () => Promise.resolve(false) }, 'server_exited'],
  ['has no retry left', { mayTake: false }, 'server_exited'],
  ['is not known', { mayRepeat: () => Promise.reject(new Error('odd')) }, 'server_exited'],
  [
    'finds no process',
    { mayRepeat: () => Promise.reject(new GatewayError('server_busy')) },
    'server_busy',
  ],
])('one that %s fails with why', async (_what, { mayTake, mayRepeat = yes }: Case, code) => {
  const { call, lost } = createCall(mayTake)
  repeatOnce(call, EXITED, { mayRepeat, again: () => expect.fail('it was sent') })
  await aTurn()

  expect(lost).toEqual([code])
})

test('one whose sending fails at once, or later, fails with that', async () => {
  const [now, later] = [createCall(), createCall()]
  const busy = new GatewayError('server_busy')
  const again = (): undefined => {
    throw busy
  }
  repeatOnce(now.call, EXITED, { mayRepeat: yes, again })
  repeatOnce(later.call, EXITED, { mayRepeat: yes, again: () => Promise.reject(busy) })
  await aTurn()

  expect([now.lost, later.lost]).toEqual([['server_busy'], ['server_busy']])
})

test('one that its client gave up meanwhile is not sent, and takes no retry', async () => {
  const { call, lost } = createCall()
  repeatOnce(call, EXITED, { mayRepeat: yes, again: () => expect.fail('it was sent') })
  call.abandon()
  await aTurn()

  expect({ lost, repeated: call.repeated }).toEqual({ lost: [], repeated: false })
})

test('of one that no process has seen, no retry is taken', async () => {
  const { call, lost } = createCall(false)
  let sent = 0
  const send = (): undefined => void sent++
  call.undelivered = true
  repeatOnce(call, EXITED, { mayRepeat: yes, again: send })
  await aTurn()

  expect({ sent, lost }).toEqual({ sent: 1, lost: [] })
})

interface Case {
  mayTake?: boolean
  mayRepeat?: () => Promise<boolean>
}
