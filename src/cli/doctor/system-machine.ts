import { hostname } from 'node:os'
import { readDaemon } from './facts/daemon.js'
import { readFirewall } from './facts/firewall.js'
import { readInterfaces } from './facts/interfaces.js'
import { reachAll } from './facts/reach.js'
import { Surveyor } from './facts/survey.js'
import { listenError, TrialServices } from './facts/trial.js'
import type { Goal, Machine } from './machine.js'

/** This machine. */
export class SystemMachine implements Machine {
  readonly platform = process.platform
  readonly hostName = hostname()
  readonly #goal: Goal
  readonly #secret: string | Buffer | undefined
  readonly #trials: TrialServices
  readonly #facts = new Map<string, Promise<unknown>>()

  constructor(goal: Goal, secret: string | Buffer | undefined) {
    this.#goal = goal
    this.#secret = secret
    this.#trials = new TrialServices({ driver: goal.driver, secret })
  }

  now(): number {
    return Date.now()
  }

  interfaces() {
    return this.#once('interfaces', readInterfaces)
  }

  daemon() {
    return this.#once('daemon', () => readDaemon(this.#goal.name))
  }

  trial() {
    return this.#once('trial', () => this.#trials.run())
  }

  listenError(driver: string) {
    return this.#once(`listen with ${driver}`, () => listenError(driver))
  }

  /** After the trial, whose services are asked for. */
  survey() {
    return this.#once('survey', async () => {
      const { uuid } = await this.trial()
      return await new Surveyor(this.#goal.name, () => uuid).run()
    })
  }

  reach() {
    return this.#once('reach', async () => {
      const { services } = await this.survey()
      return await reachAll(
        services.filter(({ cluster }) => cluster === this.#goal.name),
        this.#secret
      )
    })
  }

  firewall() {
    return this.#once('firewall', readFirewall)
  }

  /** Withdraws the trial's announcements. */
  async close(): Promise<void> {
    await this.#trials.close()
  }

  #once<T>(fact: string, gather: () => Promise<T>): Promise<T> {
    const known = this.#facts.get(fact) as Promise<T> | undefined
    if (known !== undefined) return known
    const gathered = gather()
    this.#facts.set(fact, gathered)
    return gathered
  }
}
