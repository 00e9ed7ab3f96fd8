/**
 * What `work` comes to, or after `ms` what `late` returns or throws. What it comes to later, also an error, is
 * for nobody.
 */
export async function within<T, L>(work: Promise<T>, ms: number, late: () => L): Promise<T | L> {
  const passed = Promise.withResolvers<void>()
  const timer = setTimeout(passed.resolve, ms)
  try {
    return await Promise.race([work, passed.promise.then(late)])
  } finally {
    clearTimeout(timer)
    work.catch(() => undefined)
  }
}
