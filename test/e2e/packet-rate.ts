import { countPackets, packetCounts } from '../../bench/lib/packets.js'
import type { Host } from '../lab/index.js'

/** Packets of multicast DNS that hosts send, in each second until it is stopped. */
export class PacketRate {
  readonly #hosts: readonly Host[]
  readonly #timer: NodeJS.Timeout
  readonly #totals: number[] = []
  #looking: Promise<unknown> = Promise.resolve()

  private constructor(hosts: readonly Host[]) {
    this.#hosts = hosts
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look())
      // Told by stop(). Where a test has failed before, its hosts may be gone.
      this.#looking.catch(() => clearInterval(this.#timer))
    }, 1000)
  }

  static async of(hosts: readonly Host[]): Promise<PacketRate> {
    for (const host of hosts) await countPackets(host)
    return new PacketRate(hosts)
  }

  async stop(): Promise<{ most: number; total: number }> {
    clearInterval(this.#timer)
    await this.#looking
    await this.#look()
    const [first = 0] = this.#totals
    const seconds = this.#totals.map((total, i) => total - (this.#totals[i - 1] ?? first))
    return { most: Math.max(...seconds), total: (this.#totals.at(-1) ?? first) - first }
  }

  async #look(): Promise<void> {
    const { daemonsOut, questionsOut, answersOut } = await packetCounts(this.#hosts)
    this.#totals.push(daemonsOut + questionsOut + answersOut)
  }
}
