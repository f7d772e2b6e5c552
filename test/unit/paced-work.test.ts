import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PacedWork } from '#tcpnet/discovery/paced-work.js'

/** Work at a pace of 10 ms a turn. The test sets the time and ends the turns. */
class Trial {
  readonly done: string[] = []
  #now = 0
  #ends: (() => void)[] = []
  readonly #work = new PacedWork({
    msPerTurn: 10,
    maxWaiting: 3,
    now: () => this.#now,
    atEndOfTurn: (callback) => this.#ends.push(callback)
  })

  /** Adds a piece of work that takes `ms` milliseconds. */
  give(name: string, ms: number): boolean {
    return this.#work.do(() => {
      this.#now += ms
      this.done.push(name)
      if (name === 'throws') throw new Error(name)
    })
  }

  endTurn(): void {
    for (const end of this.#ends.splice(0)) end()
  }

  /** Whether the end of a turn is awaited. Otherwise the process has nothing to do. */
  get isAwaiting(): boolean {
    return this.#ends.length > 0
  }
}

describe('work that is paced', () => {
  it('is done at once while there is time in the turn', () => {
    const trial = new Trial()
    for (const name of ['a', 'b', 'c', 'd']) assert.equal(trial.give(name, 2), true)
    assert.deepEqual(trial.done, ['a', 'b', 'c', 'd'])
  })

  it('waits for later turns otherwise, in order, with a limit of milliseconds for each turn', () => {
    const trial = new Trial()
    for (const [name, ms] of [
      ['a', 12],
      ['b', 6],
      ['c', 6],
      ['d', 6]
    ] as const)
      trial.give(name, ms)
    assert.deepEqual(trial.done.splice(0), ['a'])
    trial.endTurn()
    assert.deepEqual(trial.done.splice(0), [], 'the time of this turn is used up')
    trial.endTurn()
    assert.deepEqual(trial.done.splice(0), ['b', 'c'])
    trial.give('e', 1)
    assert.deepEqual(trial.done.splice(0), [], 'waiting work is first')
    trial.endTurn()
    assert.deepEqual(trial.done.splice(0), ['d', 'e'])
    trial.endTurn()
    assert.equal(trial.isAwaiting, false)
    trial.give('f', 1)
    assert.deepEqual(trial.done, ['f'])
  })

  it('that arrives in the middle of a turn uses the rest of the time of the turn', () => {
    const trial = new Trial()
    for (const [name, ms] of [
      ['a', 9],
      ['b', 9],
      ['c', 9]
    ] as const)
      trial.give(name, ms)
    assert.deepEqual(trial.done.splice(0), ['a', 'b'])
    trial.endTurn()
    trial.endTurn()
    assert.deepEqual(trial.done, ['c'])
  })

  it('is refused if too much waits', () => {
    const trial = new Trial()
    trial.give('a', 10)
    const taken = ['b', 'c', 'd', 'e'].map((name) => trial.give(name, 1))
    assert.deepEqual(taken, [true, true, true, false])
    trial.endTurn()
    trial.endTurn()
    assert.deepEqual(trial.done, ['a', 'b', 'c', 'd'])
    assert.equal(trial.give('f', 1), true)
  })

  it('goes on after a piece that throws', () => {
    const trial = new Trial()
    trial.give('a', 10)
    trial.give('throws', 10)
    trial.give('b', 1)
    trial.endTurn()
    assert.throws(() => trial.endTurn(), /throws/)
    trial.endTurn()
    assert.deepEqual(trial.done, ['a', 'throws', 'b'])
  })
})
