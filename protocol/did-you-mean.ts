/** The candidate nearest to a misspelt word, or `undefined` when none is near. */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3))
  let best: string | undefined
  let bestDistance = limit + 1
  for (const candidate of candidates) {
    const distance = measure(word, candidate, limit)
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** What begins a candidate is as near as anything that is near at all. */
const MIN_BEGINNING_CHARS = 4

function measure(word: string, candidate: string, limit: number): number {
  if (isSpelling(word, candidate)) return 0
  const distance = editDistance(word, candidate)
  const isBeginning = word.length >= MIN_BEGINNING_CHARS && candidate.startsWith(word)
  return isBeginning ? Math.min(distance, limit) : distance
}

/** `idle_timeout`, `idleTimeout` and `IDLETIMEOUTMS` all stand for `idleTimeoutMs`. */
function isSpelling(word: string, candidate: string): boolean {
  const plain = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')
      .replace(/ms$/, '')
  return plain(word) === plain(candidate)
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution))
    }
    row = next
  }
  return row[b.length] ?? a.length
}
