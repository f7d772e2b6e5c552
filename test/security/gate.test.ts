// How much handshakes without a proof may cost: budgets, and the gate that enforces them. The test sets the clock and
// the costs.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { type Account, Budget } from '#tcpnet/security/budget.js'
import { HandshakeGate, type Pass } from '#tcpnet/security/gate.js'
import { ProvenPairs } from '#tcpnet/security/proven.js'

const stranger = (name: string): Account => ({ name, shared: true })
const member = (name: string): Account => ({ name, shared: false })

describe('a budget', () => {
  let now = 0
  let budget: Budget
  beforeEach(() => {
    now = 0
    budget = new Budget({ perSecond: 10, burst: 100, burstInAll: 250 }, () => now)
  })

  test('may be spent at once up to the burst, and beyond it once', () => {
    budget.spend(stranger('a'), 99)
    assert.equal(budget.waitMs(stranger('a')), 0)
    budget.spend(stranger('a'), 101)
    // 100 too much, at 10 a second.
    assert.equal(budget.waitMs(stranger('a')), 10_000)
    now = 9_999
    assert.ok(budget.waitMs(stranger('a')) > 0)
    now = 10_000
    assert.equal(budget.waitMs(stranger('a')), 0)
  })

  test('never holds more than the burst', () => {
    now = 3_600_000
    budget.spend(stranger('a'), 101)
    assert.equal(budget.waitMs(stranger('a')), 100)
  })

  test('is kept for each account and for all accounts together', () => {
    for (const name of ['a', 'b', 'c']) budget.spend(stranger(name), 90)
    assert.equal(budget.leftOf(stranger('c')), 10)
    assert.equal(budget.waitMs(stranger('new')), 2_000)
    assert.equal(budget.waitMs(member('known')), 0)
    budget.spend(member('known'), 510)
    assert.equal(budget.waitMs(member('known')), 1_000)
    assert.equal(budget.waitMs(stranger('new')), 2_000, 'a member spends nothing of the budget that strangers share')
  })

  test('remembers a bounded number of accounts', () => {
    budget = new Budget({ perSecond: 1, burst: 1, burstInAll: 1e9 }, () => now)
    for (let number = 0; number <= 4096; number++) budget.spend(stranger(String(number)), 2)
    assert.deepEqual([budget.leftOf(stranger('0')), budget.leftOf(stranger('1'))], [1, -1])
  })
})

describe('the gate', () => {
  let [now, cost] = [0, 0]
  let begun: string[] = []
  let dropped: string[] = []
  let gate: HandshakeGate
  afterEach(() => mock.timers.reset())
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] })
    ;[now, cost, begun, dropped] = [0, 0, [], []]
    const take = () => {
      const taken = cost
      cost = 0
      return taken
    }
    const meter = { start() {}, stop() {}, take }
    gate = new HandshakeGate({ now: () => now, meter })
  })

  function enter(account: Account): Pass {
    const pass: Pass = gate.enter({
      account: () => account,
      begin: () => begun.push(account.name),
      drop: () => {
        dropped.push(account.name)
        pass.end('failed')
      }
    })
    return pass
  }

  function fail(account: Account, ms: number): void {
    const pass = enter(account)
    cost = ms
    pass.end('failed')
    cost = 0
  }

  function pass(ms: number): void {
    now += ms
    mock.timers.tick(ms)
  }

  test('admits handshakes at once, and counts only those that fail', () => {
    for (let round = 0; round < 10; round++) {
      cost = 400
      enter(stranger('a')).end('proven')
    }
    assert.equal(begun.length, 10)
    enter(stranger('a'))
    assert.equal(begun.length, 11)
  })

  test('an expensive handshake counts while it goes on, and its cost is given back once it is proven', () => {
    const [costly, other] = [enter(stranger('a')), stranger('b')]
    enter(other)
    cost = 400
    costly.measure()
    assert.deepEqual(dropped, ['b'])
    enter(stranger('c'))
    assert.deepEqual(begun, ['a', 'b'])
    costly.end('proven')
    pass(50)
    assert.deepEqual(begun, ['a', 'b', 'c'])
  })

  test('an expensive handshake that is kept open and then fails or is abandoned counts once', () => {
    for (const outcome of ['failed', 'gone'] as const) {
      const [costly, name] = [enter(stranger(outcome)), `after ${outcome}`]
      cost = 400
      costly.measure()
      costly.end(outcome)
      enter({ name: outcome, shared: true })
      enter(stranger(name))
      // 400 ms of 300 that all share, then of 200 that the address has, at 20 a second.
      pass(4_999)
      assert.ok(!begun.includes(name))
      pass(51)
      assert.ok(begun.includes(name))
      pass(4_949)
      assert.equal(begun.filter((one) => one === outcome).length, 1)
      pass(51)
      assert.equal(begun.filter((one) => one === outcome).length, 2)
      pass(60_000)
    }
  })

  test('cheap handshakes do not count while they go on', () => {
    const passes = Array.from({ length: 64 }, () => enter(stranger('a')))
    for (const one of passes) {
      cost = 5
      one.measure()
    }
    assert.deepEqual(dropped, [])
  })

  test('a chain of 400 ms costs its address 20 seconds, and 2 % of the clock in the long run', () => {
    let spent = 0
    for (let second = 0; second < 3600; second++) {
      const one = enter(stranger('a'))
      cost = 400
      if (begun.length * 400 > spent) spent += 400
      one.end('failed')
      cost = 0
      pass(1000)
    }
    assert.ok(spent <= 3600 * 20 + 200 + 400, `${spent} ms in an hour`)
    assert.ok(spent >= 3600 * 20 - 400, `${spent} ms in an hour: less than is allowed`)
  })

  test('from any number of addresses, 2 % in all', () => {
    let spent = 0
    for (let second = 0; second < 600; second++) {
      for (let address = 0; address < 20; address++) {
        const before = begun.length
        const one = enter(stranger(`${second}.${address}`))
        if (begun.length > before) spent += 400
        cost = 400
        one.end('failed')
        cost = 0
      }
      pass(1000)
    }
    assert.ok(spent <= 600 * 20 + 300 + 400, `${spent} ms in ten minutes`)
  })

  test('one guess a second in the long run, however cheap', () => {
    let guesses = 0
    for (let tick = 0; tick < 6000; tick++) {
      const before = begun.length
      const one = enter(stranger('a'))
      if (begun.length > before) guesses++
      one.guess()
      one.end('failed')
      pass(100)
    }
    assert.ok(guesses <= 600 + 65, `${guesses} guesses in ten minutes`)
  })

  test('an account in debt loses its handshakes under way, and others keep theirs', () => {
    enter(stranger('a'))
    enter(stranger('b'))
    fail(stranger('a'), 250)
    assert.deepEqual(dropped, ['a'])
    fail(stranger('c'), 100)
    assert.deepEqual(dropped, ['a', 'b'], 'all together are in debt')
  })

  test('a connection that has closed is counted a second later, since the pair may be proven by then', () => {
    let account = stranger('a')
    const one = gate.enter({ account: () => account, begin: () => {}, drop: () => {} })
    cost = 900
    one.end('gone')
    account = member('uuid a')
    pass(1000)
    enter(stranger('a'))
    assert.deepEqual(begun, ['a'])
    cost = 900
    enter(stranger('b')).end('gone')
    pass(1000)
    enter(stranger('c'))
    assert.deepEqual(begun, ['a', 'b'])
  })

  test('a proven pair is admitted while strangers are in debt, and has a budget of its own', () => {
    fail(stranger('a'), 5000)
    enter(member('uuid a'))
    enter(stranger('b'))
    assert.deepEqual(begun, ['a', 'uuid a'])
    fail(member('uuid a'), 1500)
    enter(member('uuid a'))
    enter(member('uuid b'))
    assert.deepEqual(begun.slice(2), ['uuid a', 'uuid b'])
  })

  test('of the waiting handshakes, the account that has cost least is first; one that has closed is not admitted', () => {
    fail(stranger('liar'), 500)
    enter(stranger('liar'))
    const left = enter(stranger('left'))
    enter(stranger('honest'))
    left.end('failed')
    for (let second = 0; second < 12; second++) pass(1000)
    assert.deepEqual(begun, ['liar', 'honest'], 'the debt of all is paid after 10 s')
    for (let second = 0; second < 12; second++) pass(1000)
    assert.deepEqual(begun, ['liar', 'honest', 'liar'])
  })
})

test('a proven pair is a uuid at an address, or any uuid at the address if the uuid is not known', () => {
  const pairs = new ProvenPairs()
  assert.deepEqual(pairs.accountOf('A', '10.0.0.1'), { name: '10.0.0.1', shared: true })
  pairs.add('A', '10.0.0.1')
  assert.equal(pairs.accountOf('A', '10.0.0.1').shared, false)
  assert.notEqual(pairs.accountOf('A', '10.0.0.1').name, pairs.accountOf(null, '10.0.0.1').name)
  assert.equal(pairs.accountOf(null, '10.0.0.1').shared, false)
  for (const [uuid, address] of [
    ['B', '10.0.0.1'],
    ['A', '10.0.0.2'],
    [null, '10.0.0.2']
  ] as const) {
    assert.deepEqual(pairs.accountOf(uuid, address), { name: address, shared: true })
  }
  for (let number = 0; number < 4096; number++) pairs.add('A', `10.1.${number >> 8}.${number & 255}`)
  assert.equal(pairs.accountOf('A', '10.0.0.1').shared, true, 'the oldest are forgotten')
})
