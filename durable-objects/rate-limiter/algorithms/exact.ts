/** Integer arithmetic whose intermediate products may pass 2^53. */

/** `factor * other + addend` as a quotient and a remainder of `divisor`. None is negative. */
export function divideProduct(
  factor: number,
  other: number,
  addend: number,
  divisor: number,
): [quotient: number, remainder: number] {
  const sum = factor * other + addend
  if (sum <= Number.MAX_SAFE_INTEGER) return [Math.floor(sum / divisor), sum % divisor]
  const exact = BigInt(factor) * BigInt(other) + BigInt(addend)
  const by = BigInt(divisor)
  return [Number(exact / by), Number(exact % by)]
}
