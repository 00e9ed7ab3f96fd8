/** Why a new process is of no use, as whoever asked for it is told. */
import { GatewayError } from '#protocol/errors.ts'
import type { Launch } from '#protocol/link.ts'
import { createRedactor } from '#protocol/redaction.ts'
import { secretValues } from '#protocol/secret-values.ts'
import { ServerError } from './connection.ts'
import type { ServerFacts, Servers } from './servers.ts'

/** Why a new process did not answer `initialize`, as a code of the error table. */
export function startFailure(
  servers: Pick<Servers, 'launchOf' | 'reasons'>,
  server: Pick<ServerFacts, 'name' | 'principal'>,
  error: unknown,
): GatewayError {
  const launch = servers.launchOf(server)
  const isRemote = GatewayError.is(error) && error.code.startsWith('remote_')
  const isFoundHere = error instanceof ServerError || isTimeout(error) || isRemote
  const fault = isRemote ? withRemoteHint(error, server.name) : toStartFault(error, launch)
  if (isFoundHere && launch !== undefined) servers.reasons.note(launch, fault)
  return fault
}

function secretsOf(launch: Launch | undefined): string[] {
  if (launch?.remote === undefined) return launch === undefined ? [] : secretValues(launch)
  return launch.secrets ?? []
}

function toStartFault(error: unknown, launch: Launch | undefined): GatewayError {
  if (error instanceof ServerError) {
    // A server may quote the credential that it does not like.
    const message = createRedactor(secretsOf(launch))(error.message)
    return new GatewayError('server_start_failed', { detail: `initialize was refused: ${message}` })
  }
  if (GatewayError.is(error)) {
    if (isTimeout(error)) return GatewayError.amend(error, { code: 'server_start_timeout' })
    if (error.code === 'server_exited')
      return GatewayError.amend(error, { code: 'server_start_failed' })
    return error
  }
  return new GatewayError('internal', { cause: error })
}

/** What a person can do about a remote server, after why. */
function withRemoteHint(error: GatewayError, name: string): GatewayError {
  const hint = remoteHint(error, JSON.stringify(name))
  if (hint === undefined) return error
  const { detail, data } = error
  return GatewayError.amend(error, {
    detail: detail === undefined ? hint : `${detail}. ${hint}`,
    data: { ...data, hint },
  })
}

function remoteHint({ code, data }: GatewayError, name: string): string | undefined {
  if (code === 'remote_unreachable') {
    return `Check "url" of server ${name}, and whether this machine reaches that host.`
  }
  const status = data?.httpStatus
  if (status !== 401 && status !== 403) return undefined
  return `Its token is missing, wrong or expired: set it in "headers" of server ${name}.`
}

export function isTimeout(error: unknown): boolean {
  return GatewayError.is(error) && error.code === 'call_timeout'
}
