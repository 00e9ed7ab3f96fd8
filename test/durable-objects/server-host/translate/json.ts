/** Frames as bytes, and bytes as frames. */

export function toFrame(message: unknown): Uint8Array {
  return new TextEncoder().encode(typeof message === 'string' ? message : JSON.stringify(message))
}

export function toText(frame: Uint8Array): string {
  return new TextDecoder().decode(frame)
}

export function fromFrame(frame: Uint8Array): unknown {
  return JSON.parse(toText(frame))
}
