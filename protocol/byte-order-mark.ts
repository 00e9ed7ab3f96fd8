/** UTF-8 needs no mark of its order, and JSON has none: some writers put it in front all the same. */
const MARK = [0xef, 0xbb, 0xbf]

/** How many bytes of a text are such a mark. */
export function markLength(bytes: Uint8Array): number {
  return MARK.every((byte, at) => bytes[at] === byte) ? MARK.length : 0
}
