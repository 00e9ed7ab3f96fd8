/** Whether what would be served can be read, and started. */
import { findMissingCommands } from '../config/missing-command.ts'
import { readConfigFile } from '../config-file.ts'
import { Failure } from '../failure.ts'
import { fail, ok, warn, type Finding } from './finding.ts'

export interface ConfigurationSource {
  path: string
  dataFolder: string
  environment: NodeJS.ProcessEnv
}

export function checkConfiguration(source: ConfigurationSource): Finding[] {
  const { path, environment } = source
  try {
    const { servers, refused } = readConfigFile(source)
    const count = Object.values(servers).filter(({ enabled }) => enabled).length
    const missing = findMissingCommands(servers, environment).map(({ server, problem }) =>
      warn(`server ${server}`, problem),
    )
    const wrong = refused.map(({ name, problems }) => fail(`server ${name}`, problems.join('; ')))
    return [ok('configuration', `${path}: ${count} servers`), ...wrong, ...missing]
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [fail('configuration', error.message.split('\n').join('; '))]
  }
}
