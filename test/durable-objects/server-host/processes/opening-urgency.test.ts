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
