/** Runs one of several things that must not keep the others from running. */
export function isolate(what: string, act: () => void): void {
  try {
    act()
  } catch (error) {
    // An error's text may quote a message.
    console.error(`${what} failed:`, error instanceof Error ? error.name : 'not an error')
  }
}
