import { expect, test } from 'vitest'
import { OpeningUrgency } from '#durable-objects/server-host/processes/opening-urgency.ts'
import { URGENCY, type Urgency } from '#protocol/link.ts'

function openFor(value: Urgency): { urgency: OpeningUrgency; told: Urgency[]; attach: () => void } {
  const urgency = new OpeningUrgency(value)
  const told: Urgency[] = []
  return { urgency, told, attach: () => urgency.attach({ hurry: (one) => told.push(one) }) }
}

test('who comes before the channel is there decides what it is asked for with', () => {
  const { urgency, told, attach } = openFor(URGENCY.list)

  urgency.raise(URGENCY.call)
  attach()

  expect([urgency.value, told]).toEqual([URGENCY.call, []])
})

test('who comes later is told to the channel once, where that waits with less', () => {
  const { urgency, told, attach } = openFor(URGENCY.none)
  attach()

  for (const one of [URGENCY.list, URGENCY.list, URGENCY.call, URGENCY.call, URGENCY.none]) {
    urgency.raise(one)
  }

  expect([urgency.value, told]).toEqual([URGENCY.call, [URGENCY.list, URGENCY.call]])
})

test('a process that nobody owned belongs to whoever uses it from the first call on', () => {
  const urgency = new OpeningUrgency(URGENCY.list)
  const told: unknown[] = []
  urgency.attach({ hurry: (...what) => told.push(what) })

  urgency.belongTo('anna')
  expect([urgency.owner, told]).toEqual([undefined, []])
  urgency.raise(URGENCY.call)

  expect([urgency.owner, told]).toEqual(['anna', [[URGENCY.call, 'anna']]])
})

test('one that a call waits for already is told whose it is', () => {
  const urgency = new OpeningUrgency(URGENCY.call)
  const told: unknown[] = []
  urgency.attach({ hurry: (...what) => told.push(what) })

  urgency.belongTo('anna')

  expect(told).toEqual([[URGENCY.call, 'anna']])
})
