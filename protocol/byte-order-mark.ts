/** UTF-8 needs no mark of its order, and JSON has none: some writers put it in front all the same. */
const MARK = [0xef, 0xbb, 0xbf] as const

/** How many bytes of a text are such a mark. */
export function markLength(bytes: Uint8Array): number {
  return bytes[0] === MARK[0] && bytes[1] === MARK[1] && bytes[2] === MARK[2] ? MARK.length : 0
}
