/**
 * Asks servers that begin anew for their lists, so that it is known what has changed: what each lists for
 * anybody, and what by that seems to be another list to somebody for that one.
 */
import type { Announcer } from '../announcer.ts'
import { LIST_KINDS, type ListKind } from '../../translate/list-kinds.ts'
import type { KnownLists, Waiting } from './known-lists.ts'

type Asked = Pick<Waiting, 'principal' | 'capabilities'>

export async function learnAnew(
  names: readonly string[],
  lists: Pick<KnownLists, 'ensure'>,
  announcer: Pick<Announcer, 'lone' | 'changeLone' | 'differing'>,
): Promise<void> {
  const unlisted = announcer.lone.servers
  const learn = async (kind: ListKind, of: readonly string[], asked: Asked): Promise<void> => {
    const { missing } = await lists.ensure(kind, of, { ...asked, isAnew: true, unlisted })
    const servers = missing.map(({ server }) => server)
    announcer.changeLone({ servers, kinds: [kind], how: 'unheard' })
  }
  const anybody = { principal: '', capabilities: undefined }
  await Promise.all(LIST_KINDS.map((kind) => learn(kind, names, anybody)))
  const differing = announcer.differing(names)
  await Promise.all(differing.map(({ kind, server, ...asked }) => learn(kind, [server], asked)))
}
