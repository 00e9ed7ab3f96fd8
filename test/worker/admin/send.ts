/** Requests to the control plane of a running worker. Each answer is one that docs/admin-openapi.json describes. */
import { expect } from 'vitest'
import { ErrorAnswer } from '#cli/openapi/answers.ts'
import { OPERATIONS } from '#cli/openapi/operations.ts'
import { ADMIN_TOKEN, type RunningWorker } from '../start-worker.ts'

export interface Answer<T> {
  status: number
  text: string
  /** What is expected of a good answer; a refusal is `Refusal`. */
  body: T
  headers: Headers
}

export type Send = <T = unknown>(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer<T>>

/** Paths are below `/admin/`. As the operator, or with another credential. */
export function createSend(worker: RunningWorker, credential = ADMIN_TOKEN): Send {
  return async <T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const response = await fetch(new URL(`/admin/${path}`, worker.url), {
      method,
      headers: { Authorization: `Bearer ${credential}`, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const parsed: unknown = isJSON(response) ? JSON.parse(text) : undefined
    if (isJSON(response)) requireDocumented(method, path, response, parsed)
    return { status: response.status, text, body: parsed as T, headers: response.headers }
  }
}

export function expectCode(
  { status, body }: Answer<unknown>,
  expected: number,
  code: string,
): void {
  const { error } = (body ?? {}) as { error?: { code?: string } }
  expect({ status, code: error?.code }).toEqual({ status: expected, code })
}

function isJSON({ headers }: Response): boolean {
  return headers.get('Content-Type')?.startsWith('application/json') ?? false
}

function requireDocumented(method: string, path: string, { ok }: Response, body: unknown): void {
  if (!ok) {
    ErrorAnswer.parse(body)
    return
  }
  const [asked = ''] = path.split('?')
  const operation = OPERATIONS.find((each) => {
    const form = new RegExp(`^${each.path.replace(/\{\w+\}/g, '[^/]+')}$`)
    return each.method === method.toLowerCase() && form.test(`/${asked}`)
  })
  if (operation === undefined) throw new Error(`${method} ${asked} is in no document`)
  operation.answer.parse(body)
}
