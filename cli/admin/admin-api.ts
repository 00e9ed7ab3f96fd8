/** One request to the control plane (`/admin/…`), and its failures as one line each. */
import { z } from 'zod'
import { describeFetchError, Failure } from '../failure.ts'
import { toPlain } from '../table.ts'

/** An answer may wait for an object that has to be made. */
const ANSWER_MS = 30_000

const Refusal = z.looseObject({ error: z.looseObject({ code: z.string(), message: z.string() }) })

export interface AdminRequest {
  method?: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Below `/admin/`, made by `toPath`. */
  path: string
  query?: Record<string, string | number | undefined>
  body?: unknown
}

export interface AdminAnswer {
  /** As it came. */
  text: string
  /** Parsed; `undefined` when there is none. */
  body: unknown
}

export class AdminAPI {
  readonly #base: URL
  readonly #credential: string

  /** `url` ends with a slash. */
  constructor(url: URL, credential: string) {
    this.#base = new URL('admin/', url)
    this.#credential = credential
  }

  /** Throws `Failure` with the API's own message and code. */
  async send(request: AdminRequest): Promise<AdminAnswer> {
    const response = await this.#fetch(request, AbortSignal.timeout(ANSWER_MS))
    const text = await response.text().catch((error: unknown) => {
      throw this.#unreachable(error)
    })
    return { text, body: this.#parse(text) }
  }

  /** For an answer of any length: bounded by the wait for its first byte only. */
  async open(request: AdminRequest): Promise<ReadableStream<Uint8Array>> {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), ANSWER_MS)
    const response = await this.#fetch(request, late.signal)
    clearTimeout(timer)
    return response.body ?? new ReadableStream({ start: (controller) => controller.close() })
  }

  async #fetch(
    { method = 'GET', path, query = {}, body }: AdminRequest,
    signal: AbortSignal,
  ): Promise<Response> {
    const url = new URL(path, this.#base)
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const headers: Record<string, string> = { authorization: `Bearer ${this.#credential}` }
    if (body !== undefined) headers['content-type'] = 'application/json'
    try {
      const response = await fetch(url, {
        method,
        headers,
        signal,
        // The credential is for this gateway, not for where it points to.
        redirect: 'manual',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      if (response.ok) return response
      throw this.#refused(response.status, await response.text())
    } catch (error) {
      throw error instanceof Failure ? error : this.#unreachable(error)
    }
  }

  #refused(status: number, text: string): Failure {
    const parsed = Refusal.safeParse(parseJSON(text))
    if (!parsed.success) return this.#stranger(`answered ${status}`)
    const { code, message } = parsed.data.error
    return new Failure(toPlain(`${message} (${code})`))
  }

  #parse(text: string): unknown {
    if (text === '') return undefined
    const body = parseJSON(text)
    if (body === undefined) throw this.#stranger('did not answer with JSON')
    return body
  }

  #stranger(what: string): Failure {
    return new Failure(`${this.#base.origin} ${what}: is it a Hearth gateway?`)
  }

  #unreachable(error: unknown): Failure {
    return new Failure(`cannot reach ${this.#base.origin}: ${describeFetchError(error)}`)
  }
}

/** `tenants/acme/servers`; each part is escaped, and none climbs. */
export function toPath(...parts: string[]): string {
  return parts
    .map((part) => {
      if (/^\.{0,2}$/.test(part)) throw new Failure('a name must not be empty, "." or ".."', 2)
      return encodeURIComponent(part)
    })
    .join('/')
}

function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the caller says so
  }
}
