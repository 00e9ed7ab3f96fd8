/** A word where `hearth up` takes none: a misspelt command, or one behind `npm start`, which means `up`. */
import { didYouMean } from '#protocol/did-you-mean.ts'
import { Failure } from '../failure.ts'

export function toUnknownCommand(word: string, commands: readonly string[]): Failure {
  if (commands.includes(word)) {
    return new Failure(`hearth up takes no command behind it: run npx hearth ${word}`, 2)
  }
  const near = didYouMean(word, commands)
  const hint = near === undefined ? 'hearth --help lists them' : `did you mean ${near}?`
  return new Failure(`unknown command ${JSON.stringify(word)}; ${hint}`, 2)
}
