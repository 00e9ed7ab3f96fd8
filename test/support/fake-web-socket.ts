/** A WebSocket of an object without a network: what it sends is kept, and a test says what comes. */
export class FakeWebSocket extends EventTarget implements WebSocket {
  isClosed = false
  binaryType: WebSocket['binaryType'] = 'blob'
  readonly url = ''
  readonly protocol = ''
  readonly extensions = ''
  readonly bufferedAmount = 0
  readonly readyState = 1
  readonly CONNECTING = 0
  readonly OPEN = 1
  readonly CLOSING = 2
  readonly CLOSED = 3
  onopen = null
  onmessage = null
  onerror = null
  onclose = null
  readonly #sent: Uint8Array[]

  constructor(sent: Uint8Array[]) {
    super()
    this.#sent = sent
  }

  accept(): void {}

  send(bytes: Parameters<WebSocket['send']>[0]): void {
    if (bytes instanceof Uint8Array) this.#sent.push(bytes)
  }

  close(): void {
    this.isClosed = true
    this.cut()
  }

  receive(bytes: Uint8Array): void {
    this.dispatchEvent(new MessageEvent('message', { data: bytes.slice().buffer }))
  }

  cut(): void {
    this.dispatchEvent(new Event('close'))
  }
}
