/** One request's body on its way in: its pace, and the room that it takes until its request is answered. */
import { Arrival, SlowBodies } from './arrival.ts'
import { BodyRoom, type Owner, type Place } from './body-budget.ts'

/** What the requests of an isolate share. */
export class Bodies {
  readonly room = new BodyRoom()
  readonly slow = new SlowBodies()
}

export interface Sender extends Owner {
  credential: string
}

export class Intake {
  readonly arrival: Arrival
  readonly #bodies: Bodies
  readonly #sender: Sender
  #place: Place | undefined

  constructor(bodies: Bodies, sender: Sender) {
    this.#bodies = bodies
    this.#sender = sender
    this.arrival = new Arrival(bodies.slow, sender.credential)
  }

  /** Throws `too_many_bytes`. */
  async makeRoom(bytes: number): Promise<void> {
    this.#place = await this.#whilePaused(this.#bodies.room.take(this.#sender, bytes))
  }

  /** So much has come. A promise where there is no room for more yet, which may throw `too_many_bytes`. */
  add(bytes: number): Promise<unknown> | undefined {
    this.arrival.add(bytes)
    if (this.#place === undefined) return undefined
    const waiting = this.#bodies.room.grow(this.#place, bytes)
    return waiting && this.#whilePaused(waiting)
  }

  /** All of it is there. */
  settle(bytes: number): void {
    this.arrival.end()
    if (this.#place !== undefined) this.#bodies.room.settle(this.#place, bytes)
  }

  release(): void {
    this.arrival.end()
    if (this.#place !== undefined) this.#bodies.room.release(this.#place)
  }

  /** Meanwhile it is not the sender who is slow. */
  async #whilePaused<T>(waiting: Promise<T>): Promise<T> {
    const resume = this.arrival.pause()
    return waiting.finally(resume)
  }
}
