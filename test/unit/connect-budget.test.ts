// How many connects false announcements can cause.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Allowance, CONNECT_LIMITS, ConnectBudget } from '#tcpnet/mesh/connect-budget.js'
import { TokenBucket } from '#tcpnet/token-bucket.js'

const { perProcess, perAddress, questions } = CONNECT_LIMITS

/** A budget with a clock that the test moves. */
function trial() {
  let now = 0
  const budget = new ConnectBudget(CONNECT_LIMITS, () => now)
  /** Takes all connects that the budget gives for an address, each millisecond; returns their number. */
  const drain = (addressOf: (n: number) => string, ms = 0) => {
    let count = 0
    for (const end = now + ms; ; now++) {
      for (; budget.waitMs(addressOf(count)) === 0; count++) budget.take(addressOf(count))
      if (now >= end) return count
    }
  }
  return { budget, drain, pass: (ms: number) => (now += ms) }
}

describe('a bucket of tokens', () => {
  it('gives its burst at once, then a token at a time, and is never more than full', () => {
    let now = 0
    const bucket = new TokenBucket({ perSecond: 4, burst: 3 }, () => now)
    for (let n = 0; n < 3; n++) {
      assert.equal(bucket.waitMs(), 0)
      bucket.take()
    }
    assert.deepEqual([bucket.tokens, bucket.waitMs()], [0, 250])
    now = 125
    assert.equal(bucket.waitMs(), 125)
    now = 250
    assert.equal(bucket.waitMs(), 0)
    now = 1e9
    assert.deepEqual([bucket.tokens, bucket.isFull], [3, true])
    bucket.giveBack()
    assert.equal(bucket.tokens, 3)
    bucket.take()
    bucket.giveBack()
    assert.equal(bucket.isFull, true)
  })
})

describe('the budget of connects', () => {
  it('bounds the connects to one address, and to all addresses', () => {
    const { drain } = trial()
    assert.equal(
      drain(() => 'a'),
      perAddress.burst
    )
    assert.equal(
      drain((n) => `b${n}`),
      perProcess.burst - perAddress.burst
    )
  })

  it('gives one host 20 connects a second in the long run, however many addresses it has', () => {
    const minute = 60_000
    assert.ok(trial().drain(() => 'a', minute) <= perAddress.burst + 10 * 60 + 1)
    assert.ok(trial().drain((n) => `a${n % 64}`, minute) <= perProcess.burst + 20 * 60 + 1)
    assert.ok(trial().drain((n) => `a${n}`, minute) <= perProcess.burst + 20 * 60 + 1)
  })

  it('does not count a connect that led to a peer', () => {
    const { budget } = trial()
    for (let n = 0; n < 10 * perProcess.burst; n++) {
      budget.take('a')
      budget.giveBack('a')
    }
    assert.deepEqual([budget.left(), budget.waitMs('a')], [perProcess.burst, 0])
  })
})

describe('the budget of questions', () => {
  it('is left to dials that wait, to a quarter, by the questions beside dials', () => {
    const { budget } = trial()
    let beside = 0
    while (budget.takeQuestion(true)) beside++
    assert.deepEqual([beside, budget.questionsLeft], [(questions.burst * 3) / 4, questions.burst / 4])
    while (budget.takeQuestion());
    assert.equal(budget.questionsLeft, 0)
  })
})

describe('the allowance of a dial', () => {
  it('takes no token for an address at which the peer was connected', () => {
    const { budget, drain } = trial()
    drain((n) => `a${n}`)
    const allowance = new Allowance(budget, (address) => address === 'home')
    assert.equal(allowance.waitMs('home'), 0)
    allowance.take('home')
    assert.ok(allowance.waitMs('elsewhere') > 0)
    assert.equal(budget.left(), 0)
  })

  it('leaves a quarter of the burst to others, except for its first attempt', () => {
    const { budget } = trial()
    while (budget.left() > perProcess.burst / 4) budget.take(`a${budget.left()}`)
    const allowance = new Allowance(budget, () => false)
    assert.equal(allowance.waitMs('b'), 0)
    allowance.take('b')
    assert.equal(allowance.waitMs('c'), 100)
  })

  it('lets few attempts after the first of their dials begin in one turn of the event loop', async () => {
    const { budget } = trial()
    const begin = () => {
      const allowance = new Allowance(budget, () => false)
      allowance.take('first')
      return allowance
    }
    const allowances = Array.from({ length: 8 }, begin)
    const waits = () => allowances.map((allowance) => allowance.waitMs('next'))
    for (const allowance of allowances.slice(0, 4)) {
      assert.deepEqual(new Set(waits()), new Set([0]))
      allowance.take('next')
    }
    assert.deepEqual(new Set(waits()), new Set([1]))
    assert.equal(new Allowance(budget, () => false).waitMs('other'), 0)
    await setImmediate()
    assert.deepEqual(new Set(waits()), new Set([0]))
  })

  it('gives back the tokens for the address at which the peer was reached, and no others', () => {
    const { budget } = trial()
    const allowance = new Allowance(budget, () => false)
    for (const address of ['a', 'b']) allowance.take(address)
    for (const address of ['b', 'b', 'c']) allowance.giveBack(address)
    assert.equal(budget.left(), perProcess.burst - 1)
  })
})
