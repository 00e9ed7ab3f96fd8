/** Two texts line by line: what was taken out and put in, between a few lines that are the same. Pure. */

/** Of texts with more lines all of the old and all of the new is shown. */
const MAX_COMPARED_LINES = 500
/** Lines that are the same, before and behind a change. */
const CONTEXT_LINES = 3

interface Line {
  mark: ' ' | '-' | '+'
  text: string
}

/** `-` and `+` before lines that differ, a space before others; `…` where some are left out. */
export function diffLines(before: string, after: string): string {
  const lines = compare(before.split('\n'), after.split('\n'))
  const isNear = lines.map((_, at) =>
    lines
      .slice(Math.max(0, at - CONTEXT_LINES), at + CONTEXT_LINES + 1)
      .some(({ mark }) => mark !== ' '),
  )
  return lines
    .flatMap(({ mark, text }, at) => {
      if (isNear[at]) return [`${mark} ${text}`]
      return at === 0 || isNear[at - 1] ? ['…'] : []
    })
    .join('\n')
}

function compare(before: readonly string[], after: readonly string[]): Line[] {
  const head = countSame(before, after)
  const tail = countSame(before.slice(head).toReversed(), after.slice(head).toReversed())
  const [from, to] = [
    before.slice(head, before.length - tail),
    after.slice(head, after.length - tail),
  ]
  const changed =
    from.length > MAX_COMPARED_LINES || to.length > MAX_COMPARED_LINES
      ? [...toLines('-', from), ...toLines('+', to)]
      : align(from, to)
  return [
    ...toLines(' ', before.slice(0, head)),
    ...changed,
    ...toLines(' ', before.slice(before.length - tail)),
  ]
}

function countSame(a: readonly string[], b: readonly string[]): number {
  let count = 0
  while (count < a.length && count < b.length && a[count] === b[count]) count++
  return count
}

/** By the longest run of lines that both have in the same order. */
function align(from: readonly string[], to: readonly string[]): Line[] {
  const width = to.length + 1
  // How many lines the rests have in common, from each pair of places on.
  const common = new Uint16Array((from.length + 1) * width)
  const at = (row: number, column: number): number => common[row * width + column] ?? 0
  for (let row = from.length - 1; row >= 0; row--) {
    for (let column = to.length - 1; column >= 0; column--) {
      const isSame = from[row] === to[column]
      common[row * width + column] = isSame
        ? at(row + 1, column + 1) + 1
        : Math.max(at(row + 1, column), at(row, column + 1))
    }
  }
  const lines: Line[] = []
  let [row, column] = [0, 0]
  while (row < from.length && column < to.length) {
    if (from[row] === to[column]) {
      lines.push({ mark: ' ', text: from[row] ?? '' })
      row++
      column++
    } else if (at(row + 1, column) >= at(row, column + 1)) {
      lines.push({ mark: '-', text: from[row++] ?? '' })
    } else {
      lines.push({ mark: '+', text: to[column++] ?? '' })
    }
  }
  return [...lines, ...toLines('-', from.slice(row)), ...toLines('+', to.slice(column))]
}

function toLines(mark: Line['mark'], texts: readonly string[]): Line[] {
  return texts.map((text) => ({ mark, text }))
}
