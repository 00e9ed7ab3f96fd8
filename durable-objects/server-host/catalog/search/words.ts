/** Text as words that are searched for: names in whatever style, and questions. Pure. */

/** Parts of names too: `getHTTPStatus`, `get_http_status` and `get-http-status` have the same words. */
const WORD = /\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{M}]+|[\p{Lt}\p{Lm}\p{Lo}\p{M}]+|\p{N}+/gu
const RUN = /[\p{L}\p{M}\p{N}]+/gu
/** "e-mail", "time-off": two words that somebody else writes in one. */
const COMPOUND = /(?<![\p{L}\p{M}\p{N}_-])([\p{L}\p{M}]+)-([\p{L}\p{M}]+)(?![\p{L}\p{M}\p{N}_-])/gu

/** Words that say nothing of what a tool does. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a about all already also an and any anyone anybody anything are as at be been before but by can could did do ' +
    'does doing else even every for from had ' +
    'has have he her him his how i if in into is it its just keep know let like long many me much my need of on ' +
    'one or ' +
    'our out please really s she should so some somebody someone something t tell than that the their them ' +
    'then there these they this those to tool us use using want was we were what when where which who ' +
    'why will with would you your'
  ).split(' '),
)

/** Lowercase. A name of several parts is in it as a whole, too: somebody may write it in one. */
export function toWords(text: string): string[] {
  const whole = text.normalize('NFC')
  const words = (whole.match(RUN) ?? []).flatMap((run) => {
    const parts = (run.match(WORD) ?? []).map((part) => part.toLowerCase())
    return parts.length > 1 ? [...parts, run.toLowerCase()] : parts
  })
  const joined = Array.from(whole.matchAll(COMPOUND), ([, first = '', second = '']) =>
    (first + second).toLowerCase(),
  )
  return [...words, ...joined]
}

/** The words of a question that tell tools apart; all of them where none does. Each once. */
export function toSearchWords(question: string, maxWords: number): string[] {
  const words = [...new Set(toWords(question))]
  const telling = words.filter((word) => !STOP_WORDS.has(word))
  return (telling.length > 0 ? telling : words).slice(0, maxWords)
}
