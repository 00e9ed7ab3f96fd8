import { Channels } from './channels.ts'
import { findIdle } from './find-idle.ts'
import { LaunchGroup, type Lease } from './launch-group.ts'
import { MAX_PROCESSES_PER_CELL } from './limits.ts'
import type { Memory } from './memory.ts'
import { isServing, type OutputMessage } from './output.ts'
import type { Warmth } from './warmth.ts'
import type { Effect } from './slots.ts'
import { isUse, URGENCY } from '#protocol/link.ts'
import type {
  ExitMeta,
  FailedMeta,
  Launch,
  LaunchMeta,
  HurryMeta,
  OpenMeta,
  OpenedMeta,
  OversizeMeta,
  RefusedMeta,
  SentMeta,
  UndeliveredMeta,
  Why,
} from '#protocol/link.ts'
import type { Owner } from '#protocol/yielding.ts'

/** What a client is told that is refused for want of memory. */
const SHORT_RETRY_AFTER_MS = 5_000

export interface SupervisorOptions {
  start: ConstructorParameters<typeof LaunchGroup>[0]['start']
  /** Somebody waits for a start that was less urgent before. */
  onUrgency?: () => void
  maxProcesses?: number
  /** Absent: memory bounds nothing. */
  memory?: Memory | undefined
  /** Absent: launches that adapt have no spares. */
  warmth?: Warmth | undefined
}

/** What a supervisor tells of its launches and channels. After `onRefused` and `onExit` the channel is over. */
export interface ChannelSink {
  onLaunch(meta: LaunchMeta): void
  onOpened(channel: number, meta: OpenedMeta): void
  onRefused(channel: number, meta: RefusedMeta): void
  onExit(channel: number, meta: ExitMeta, server: string): void
  onPrinted(channel: number, why: Why): void
  /** The launch does not start, or does again. */
  onFailing(launch: Launch, why: Why | undefined): void
  onMessage(channel: number, message: OutputMessage): void
  onOversize(channel: number, meta: OversizeMeta): void
  onUndelivered(channel: number, meta: UndeliveredMeta): void
  onFailed(channel: number, meta: FailedMeta): void
}

/** The processes of one cell, by launch, and the channels that have them. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #sink: ChannelSink
  readonly #maxProcesses: number
  readonly #groups = new Map<string, LaunchGroup>()
  readonly #retired = new Set<LaunchGroup>()
  readonly #channels = new Channels()
  #isPaused = false
  /** Nothing is started any more. */
  #isShuttingDown = false

  constructor(options: SupervisorOptions, sink: ChannelSink) {
    this.#options = options
    this.#sink = sink
    this.#maxProcesses = options.maxProcesses ?? MAX_PROCESSES_PER_CELL
  }

  /** Replaces all launches. Spares of a changed launch end; its leased processes go on. */
  configure(launches: Launch[]): void {
    if (this.#isShuttingDown) return
    const named = new Map(launches.map((launch) => [launch.name, launch]))
    for (const [name, group] of this.#groups) {
      if (named.get(name)?.digest === group.launch.digest) continue
      this.#groups.delete(name)
      this.#retired.add(group)
      this.#options.warmth?.delete(group)
      group.dispatch({ type: 'retire' })
    }
    for (const launch of launches) {
      const group = this.#groups.get(launch.name) ?? this.#createGroup(launch)
      group.launch = launch
      this.#noteUse(group, launch.usedMsAgo)
      group.tellAnew()
      group.dispatch({ type: 'wake' })
    }
  }

  /** The number must not be in use. Settles exactly once: `onOpened`, `onRefused`, or `onExit` when it is closed before. */
  open(number: number, { key, server, owner, urgency = URGENCY.call }: OpenMeta): void {
    const group = this.#groups.get(server)
    if (this.#isShuttingDown) return this.#sink.onRefused(number, { code: 'shutting_down' })
    if (group === undefined) return this.#sink.onRefused(number, { code: 'server_not_found' })
    this.#channels.add({ number, key, group, owner, urgency })
    group.open(number, this.#makeRoom(group, owner))
    if (isUse({ owner, urgency })) this.#noteUse(group, 0)
    if (group.isStarting) this.#options.onUrgency?.()
  }

  #noteUse(group: LaunchGroup, msAgo: number | undefined): void {
    const { warmth } = this.#options
    const { isAdaptive = false } = group.launch
    if (!isAdaptive) return warmth?.delete(group)
    warmth?.add(group)
    const at = msAgo === undefined ? undefined : performance.now() - msAgo
    if (at === undefined || at <= (group.usedAt ?? -Infinity)) return
    group.usedAt = at
    warmth?.note(group)
  }

  /** A channel that was opened for less is waited for, or used, by now. */
  hurry(number: number, { urgency, owner }: HurryMeta): void {
    const channel = this.#channels.get(number)
    if (channel === undefined) return
    const wasUsed = isUse(channel)
    channel.owner ??= owner
    if (channel.urgency < urgency) {
      channel.urgency = urgency
      this.#options.onUrgency?.()
    }
    if (!wasUsed && isUse(channel)) this.#noteUse(channel.group, 0)
  }

  close(number: number): void {
    this.#channels.get(number)?.group.dispatch({ type: 'close', channel: number })
  }

  /** A message for a channel that is over is dropped: its `exit` is on the way. */
  write(number: number, payload: Uint8Array, meta?: SentMeta): void {
    const channel = this.#channels.get(number)
    if (channel === undefined) return
    if (channel.process !== undefined) channel.process.write(payload, meta)
    else if (!this.#channels.keepEarly(channel, { payload, meta })) this.close(number)
  }

  /** Whether all processes' messages are left unread. */
  setPaused(paused: boolean): void {
    this.#isPaused = paused
    for (const group of this.#allGroups()) {
      for (const process of group.processes()) process.hold('cell', paused)
    }
  }

  /** Whether one channel's messages are left unread. */
  setHeld(number: number, isHeld: boolean): void {
    this.#channels.get(number)?.process?.hold('channel', isHeld)
  }

  digestOf(server: string): string | undefined {
    return this.#groups.get(server)?.launch.digest
  }

  /** Starts nothing more, and ends each process once it has answered. Resolves when all are gone. */
  async drain(): Promise<void> {
    this.#isShuttingDown = true
    const groups = this.#allGroups()
    for (const group of groups) {
      this.#options.warmth?.delete(group)
      group.dispatch({ type: 'drain' })
      for (const process of group.processes()) process.finish()
    }
    await Promise.all(groups.map((group) => group.emptied()))
  }

  /** Ends everything. Resolves when all processes are gone. */
  async shutDown(): Promise<void> {
    this.#isShuttingDown = true
    const groups = this.#allGroups()
    for (const group of groups) {
      this.#options.warmth?.delete(group)
      group.dispatch({ type: 'shutdown' })
    }
    await Promise.all(groups.map((group) => group.emptied()))
  }

  #createGroup(launch: Launch): LaunchGroup {
    const group: LaunchGroup = new LaunchGroup({
      launch,
      room: () => this.#room(launch),
      ownerOf: (channel) => this.#channels.get(channel)?.owner,
      former: () => this.#countRetired(launch.name),
      start: async (...request) => {
        if (launch.remote === undefined) this.#options.memory?.reserve()
        const process = await this.#options.start(...request)
        if (this.#isPaused) process.hold('cell', true)
        return process
      },
      isWarm: () => this.#options.warmth?.allows(group) ?? false,
      urgencyOf: (channel) => this.#channels.get(channel)?.urgency ?? URGENCY.none,
      onState: (meta) => {
        if (this.#groups.get(launch.name) === group) this.#sink.onLaunch(meta)
      },
      onOpened: (lease) => this.#opened(lease),
      onOver: (effect) => this.#settle(effect, launch.name),
      onFailing: (why) => this.#sink.onFailing(launch, why),
      onExit: () => this.#useFreedRoom(),
    })
    this.#groups.set(launch.name, group)
    return group
  }

  #countRetired(name: string): number {
    let count = 0
    for (const group of this.#retired) if (group.launch.name === name) count += group.count
    return count
  }

  #settle(effect: Extract<Effect, { do: 'refused' | 'exited' }>, server: string): void {
    const { channel, do: kind, ...meta } = effect
    this.#channels.delete(channel)
    if (kind === 'exited') this.#sink.onExit(channel, meta as ExitMeta, server)
    else this.#sink.onRefused(channel, this.#explain(meta as RefusedMeta))
  }

  #explain(meta: RefusedMeta): RefusedMeta {
    const { memory } = this.#options
    if (meta.code !== 'server_busy' || memory === undefined || memory.room() > 0) return meta
    return { ...meta, detail: memory.describe(), retryAfterMs: SHORT_RETRY_AFTER_MS }
  }

  #opened({ channel: number, slot, process, warm }: Lease): void {
    const channel = this.#channels.get(number)
    if (channel === undefined) return
    const { group } = channel
    this.#sink.onOpened(number, { pid: process.pid, warm })
    channel.process = process
    let hasServed = false
    process.lease(channel.key, {
      onMessage: (message) => {
        if (!hasServed && isServing(message)) {
          hasServed = true
          group.dispatch({ type: 'served', slot })
        }
        this.#sink.onMessage(number, message)
      },
      onOversize: (meta) => this.#sink.onOversize(number, meta),
      onUndelivered: (meta) => this.#sink.onUndelivered(number, meta),
      onFailed: (meta) => this.#sink.onFailed(number, meta),
      onPrinted: (why) => this.#sink.onPrinted(number, why),
      onExpire: (reason) => group.dispatch({ type: 'expire', slot, reason }),
    })
    for (const { payload, meta } of this.#channels.takeEarly(channel)) process.write(payload, meta)
  }

  #room({ remote }: Launch): number {
    let room = this.#maxProcesses
    let ending = 0
    for (const group of this.#allGroups()) {
      room -= group.liveCount
      ending += group.endingCount
    }
    if (ending >= this.#maxProcesses) return 0
    if (remote !== undefined) return room
    // One that is ending is about to give its memory back.
    return Math.min(room, (this.#options.memory?.room() ?? Infinity) + ending)
  }

  /**
   * What nobody uses gives way to a channel: another launch's spare, else an idle process. Returns the
   * slot of the launch's own that does; another launch's is ended.
   */
  #makeRoom(taker: LaunchGroup, owner: Owner): number | undefined {
    if (taker.hasSpare) return undefined
    if (!taker.hasPlace) return findIdle([taker], owner)?.slot
    if (this.#room(taker.launch) > 0) return undefined
    for (const group of this.#groups.values()) {
      if (group === taker || !group.hasSpare) continue
      group.dispatch({ type: 'evict' })
      return undefined
    }
    const found = findIdle(this.#allGroups(), owner)
    if (found === undefined || found.group === taker) return found?.slot
    found.group.dispatch({ type: 'expire', slot: found.slot, reason: 'idle' })
    return undefined
  }

  #useFreedRoom(): void {
    for (const group of this.#retired) if (group.isEmpty) this.#retired.delete(group)
    if (this.#isShuttingDown) return
    for (const group of this.#groups.values()) group.dispatch({ type: 'wake' })
  }

  #allGroups(): LaunchGroup[] {
    return [...this.#groups.values(), ...this.#retired]
  }
}
