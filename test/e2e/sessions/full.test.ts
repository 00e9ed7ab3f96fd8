/** More sessions than a server may have processes: those that nobody uses give way. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, type Answer } from '#test/support/http-client.ts'

const PROCESSES = 10
const MORE = 5
const TOGETHER_MS = 30_000

let gateway: Gateway
beforeAll(async () => {
  const servers = { echo: fixture('echo', { maxProcesses: PROCESSES, warm: 0 }) }
  gateway = await startGateway({ servers })
})
afterAll(() => gateway?.stop())

const many = <T>(count: number, make: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, make))

/** A process is idle when it has had no call for a second. */
const untilIdle = (): Promise<void> => delay(1_100)

const isAnswer = ({ message }: Answer): boolean => message.result !== undefined

test(
  'new sessions, and resting ones, get the places of idle ones, all that come at once',
  async () => {
    const connect = () => initialize(targetOf(gateway, 'echo'))
    const first = await many(PROCESSES, connect)
    await untilIdle()

    const added = await many(MORE, connect)
    expect((await Promise.all(added.map((one) => one.call('work')))).map(isAnswer)).toEqual(
      Array(MORE).fill(true),
    )

    // Five of the first ones have no process any more. All of them call again, five at once.
    for (const some of [first.slice(0, MORE), first.slice(MORE)]) {
      await untilIdle()
      const answers = await Promise.all(some.map((one) => one.call('work')))
      expect(answers.map(isAnswer)).toEqual(Array(MORE).fill(true))
    }
  },
  TOGETHER_MS,
)
