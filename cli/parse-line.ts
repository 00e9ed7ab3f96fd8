/** A line of the worker or the host program; `undefined` for one that is not JSON. */
export function parseLine(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
