/** A server of a client's file while it becomes one of ours. */

export interface Place {
  /** Of the server, for messages. */
  at: string
  /** Where the file is: a relative `envFile` starts there. */
  folder: string
  /** What `${workspaceFolder}` stands for. */
  workspace: string
  /** What `${VAR}` may name in the path of an `envFile`. */
  variables: Readonly<Record<string, string | undefined>>
}

export interface Translated {
  raw: Record<string, unknown>
  /** What was changed. */
  notes: string[]
  /** Keys that mean nothing here, some with a reason. */
  ignored: string[]
  problems: string[]
  /** Secrets of the tenant that have to be set. */
  asks: string[]
  /** Absolute: the file that its `envFile` names, whether or not it can be read. */
  envFile?: string
  /** Of `env`: they come from a file of secrets. */
  secretVariables: string[]
}

/** A translation under way: each step takes what it knows out of `rest`. */
export interface Draft extends Translated {
  rest: Record<string, unknown>
  place: Place
}
