/** Every way in which a server answers a client: session/upstream/ and stateless/. */
import {
  connectCatalog,
  connectModern,
  connectSession,
  describeAnswering,
} from '#test/contracts/answering.ts'

const SHARED = { config: { sharing: 'shared' } }

describeAnswering('a session with a process of its own', { server: {}, connect: connectSession })
describeAnswering('a session on a shared server', { server: SHARED, connect: connectSession })
describeAnswering('a session on a modern server', {
  server: { era: 'modern' },
  connect: connectSession,
})
describeAnswering('a session of the catalog', { server: {}, connect: connectCatalog })
describeAnswering('a session of the catalog with a modern server', {
  server: { era: 'modern' },
  connect: connectCatalog,
})
describeAnswering('a modern client of a legacy server', { server: {}, connect: connectModern })
describeAnswering('a modern client of a pool', {
  server: { config: { sharing: 'pool' } },
  connect: connectModern,
})
describeAnswering('a modern client of a shared server', { server: SHARED, connect: connectModern })
describeAnswering('a modern client of a modern server', {
  server: { era: 'modern' },
  connect: connectModern,
})
