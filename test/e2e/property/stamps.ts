/** Stamps: what a caller sends along, and a server writes into everything that it emits. Pure. */

export interface Stamp {
  /** `Caller.key` */
  caller: string
  /** Of the caller's calls. 0 is what its subscription names. */
  call: number
}

const STAMP = /stamp~([a-z0-9-]+)~(\d+)~/g
const OWNER = /owner~([a-z0-9-]+)/g

export function writeStamp({ caller, call }: Stamp): string {
  return `stamp~${caller}~${call}~`
}

/** What a personal server of the principal is given as its secret. */
export function writeOwner(principal: string): string {
  return `owner~${principal}`
}

/** Every stamp in a text, wherever it stands. */
export function readStamps(text: string): Stamp[] {
  return [...text.matchAll(STAMP)].map(([, caller = '', call]) => ({ caller, call: Number(call) }))
}

/** The names of the principals whose processes wrote a text. */
export function readOwners(text: string): string[] {
  return [...text.matchAll(OWNER)].map(([, owner = '']) => owner)
}
