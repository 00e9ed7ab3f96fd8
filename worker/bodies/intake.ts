/** One request's body on its way in: its pace, and the room that it takes until its request is answered. */
import { Arrival, SlowBodies } from './arrival.ts'
import { BodyRoom, type Place } from './room.ts'

/** What the requests of an isolate share. */
export class Bodies {
  readonly room = new BodyRoom()
  readonly slow = new SlowBodies()
}

export interface Sender {
  tenant: string
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

  /** Throws `too_many_bytes`. While there is none, it is not the sender who is slow. */
  async makeRoom(bytes: number): Promise<void> {
    this.arrival.end()
    this.#place = await this.#bodies.room.take(this.#sender.tenant, bytes)
  }

  add(bytes: number): void {
    this.arrival.add(bytes)
    if (this.#place !== undefined) this.#bodies.room.keep(this.#place)
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
}
