/** Whether one server is worth a wait: by how it did when it was asked for its lists before. */
import { ERRORS, GatewayError, type ErrorCode } from '#protocol/errors.ts'
import type { ListKind } from '../../translate/list-kinds.ts'
import type { LateStore } from './late-store.ts'

export interface LatenessOptions {
  store: Pick<LateStore, 'find' | 'note' | 'forget'>
  /** Another launch has not failed yet. */
  digest: string
  /** How long a list waits. */
  limitMs: () => number
}

export class Lateness {
  readonly #options: LatenessOptions

  constructor(options: LatenessOptions) {
    this.#options = options
  }

  /** Why it is not waited for. */
  get reason(): GatewayError | undefined {
    const { store, digest } = this.#options
    const code = store.find(digest)
    if (code === undefined) return undefined
    return new GatewayError(isCode(code) ? code : 'list_timeout')
  }

  /** It has answered. */
  took(kind: ListKind, ms: number): void {
    const { store, digest, limitMs } = this.#options
    if (ms <= limitMs()) store.forget(digest, kind)
    else this.failed(kind, new GatewayError('list_timeout'))
  }

  failed(kind: ListKind, { code, isBlameless }: GatewayError): void {
    const { store, digest } = this.#options
    if (!isBlameless) store.note(digest, kind, code, Date.now())
  }
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}
