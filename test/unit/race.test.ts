// The order and the times in which a dial tries its endpoints. Sockets and clock are scripted.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, it, mock } from 'node:test'
import { dialOrder } from '#tcpnet/mesh/dial-order.js'
import { connectTo, type Endpoint, MAX_ATTEMPTS, Race, type RaceResult } from '#tcpnet/mesh/race.js'

function endpoint(address: string, port = 1): Endpoint {
  return { address, family: address.includes(':') ? 6 : 4, port }
}

describe('the order of a dial', () => {
  const order = (addresses: string[], suspects: string[] = [], homes: string[] = []) =>
    dialOrder(
      addresses.map((address) => endpoint(address)),
      suspects,
      homes
    ).map(({ address }) => address)

  it('alternates between the families, starting with the first', () => {
    assert.deepEqual(order(['::1', '::2', '::3', '1', '2']), ['::1', '1', '::2', '2', '::3'])
    assert.deepEqual(order(['1', '::1', '::2']), ['1', '::1', '::2'])
    assert.deepEqual(order([]), [])
  })

  it('ends with the addresses that failed, the latest last, whatever their family', () => {
    assert.deepEqual(order(['1', '::1', '2', '3'], ['::1']), ['1', '2', '3', '::1'])
    assert.deepEqual(order(['::1', '::2', '1'], ['1', '::1']), ['::2', '1', '::1'])
    assert.deepEqual(order(['::1', '1', '::2'], ['::2', '::1', '1', '9']), ['::2', '::1', '1'])
  })

  it('has link-local addresses after all others, and before those that failed', () => {
    assert.deepEqual(order(['fe80::1%eth0', '10.0.0.1', 'fd00::1']), ['10.0.0.1', 'fd00::1', 'fe80::1%eth0'])
    assert.deepEqual(order(['169.254.1.1', 'fe80::1%eth0', 'fd00::1']), ['fd00::1', '169.254.1.1', 'fe80::1%eth0'])
    assert.deepEqual(order(['fe80::1%eth0', '10.0.0.1'], ['10.0.0.1']), ['fe80::1%eth0', '10.0.0.1'])
    assert.deepEqual(order(['1', 'fe80::1%eth0', '10.0.0.1'], [], ['fe80::1%eth0', '10.0.0.1']), [
      '10.0.0.1',
      'fe80::1%eth0',
      '1'
    ])
  })

  it('begins with the addresses at which the peer was connected, except those that have failed since', () => {
    assert.deepEqual(order(['::1', '1', '::2', '2'], [], ['2', '9']), ['2', '::1', '1', '::2'])
    assert.deepEqual(order(['::1', '1'], ['1'], ['1']), ['::1', '1'])
  })
})

/** A race whose attempts the test plays. */
class Trial {
  readonly sockets = new Map<string, Socket & { destroyed: boolean }>()
  readonly results: RaceResult[] = []
  /** Milliseconds until an attempt may begin. */
  waitMs = 0
  readonly race: Race

  constructor(addresses: readonly string[]) {
    const connect = ({ address, port }: Endpoint) => {
      const socket = Object.assign(new EventEmitter(), { destroyed: false, destroy: () => (socket.destroyed = true) })
      this.sockets.set(port === 1 ? address : `${address}:${port}`, socket as unknown as Socket)
      return socket as unknown as Socket
    }
    const endpoints = addresses.map((address) => endpoint(address))
    const pace = { waitMs: () => this.waitMs, take: () => {} }
    this.race = new Race(endpoints, { connect, pace }, (result) => this.results.push(result))
  }

  get tried(): string[] {
    return [...this.sockets.keys()]
  }

  fail(address: string): void {
    this.sockets.get(address)?.emit('error', Object.assign(new Error(`no ${address}`), { code: `E${address}` }))
  }

  reach(address: string): void {
    this.sockets.get(address)?.emit('connect')
  }
}

/** Runs with a clock that the test moves. */
function withClock(run: (pass: (ms: number) => void) => void): void {
  let now = 0
  mock.timers.enable({ apis: ['setTimeout'] })
  const clock = mock.method(performance, 'now', () => now)
  try {
    run((ms) => {
      for (let passed = 0; passed < ms; passed++) {
        now++
        mock.timers.tick(1)
      }
    })
  } finally {
    clock.mock.restore()
    mock.timers.reset()
  }
}

describe('a race of endpoints', () => {
  it('tries the next when one has failed or after 250 ms, and closes the others when one is reached', () => {
    withClock((pass) => {
      const trial = new Trial(['a', 'b', 'c', 'd'])
      assert.deepEqual(trial.tried, ['a'])
      trial.fail('a')
      assert.deepEqual(trial.tried, ['a', 'b'])
      pass(249)
      assert.deepEqual(trial.tried, ['a', 'b'])
      pass(1)
      assert.deepEqual(trial.tried, ['a', 'b', 'c'])
      trial.reach('b')
      const [result] = trial.results
      assert.equal(result?.kind === 'reached' && result.endpoint.address, 'b')
      assert.deepEqual([trial.sockets.get('b')?.destroyed, trial.sockets.get('c')?.destroyed], [false, true])
      pass(1000)
      trial.fail('c')
      assert.equal(trial.results.length, 1)
      assert.deepEqual(trial.tried, ['a', 'b', 'c'])
    })
  })

  it('reports what it has tried, even if that is one endpoint that never answers', () => {
    withClock(() => {
      const { race } = new Trial(['a'])
      assert.deepEqual(race.tried, [endpoint('a')])
    })
  })

  it('fails with the error of each when the last has failed', () => {
    withClock((pass) => {
      const trial = new Trial(['a', 'b'])
      pass(250)
      trial.fail('b')
      assert.equal(trial.results.length, 0)
      trial.fail('a')
      const result = trial.results[0] ?? assert.fail()
      if (result.kind !== 'failed') assert.fail()
      const { message, code } = result.error as NodeJS.ErrnoException
      assert.deepEqual([message, code], ['no b; no a', 'Eb'])
    })
  })

  it('also tries endpoints that become known later: at once if it is slow, before others that wait, and each once', () => {
    withClock((pass) => {
      const trial = new Trial(['a', 'b', 'c'])
      trial.race.add([endpoint('a'), endpoint('new'), endpoint('a', 2)])
      assert.deepEqual(trial.tried, ['a'])
      pass(250)
      assert.deepEqual(trial.tried, ['a', 'new'])
      pass(1000)
      assert.deepEqual(trial.tried, ['a', 'new', 'a:2', 'b', 'c'])
      trial.race.add([endpoint('late'), endpoint('c')])
      assert.deepEqual(trial.tried.slice(5), ['late'])
    })
  })

  it(`tries at most ${MAX_ATTEMPTS} endpoints, including those that become known later`, () => {
    withClock((pass) => {
      const trial = new Trial(Array.from({ length: 100 }, (_, n) => `a${n}`))
      for (let n = 0; n < MAX_ATTEMPTS - 1; n++) trial.fail(`a${n}`)
      trial.race.add([endpoint('b'), endpoint('c')])
      pass(10_000)
      assert.equal(trial.tried.length, MAX_ATTEMPTS)
    })
  })

  it('goes on after a result with the endpoints that were not tried, when it is told to', () => {
    withClock((pass) => {
      const trial = new Trial(['a', 'b'])
      trial.reach('a')
      trial.race.add([endpoint('a'), endpoint('new')])
      pass(1000)
      assert.deepEqual([trial.tried, trial.race.hasMore], [['a'], true])
      trial.race.resume()
      trial.fail('new')
      trial.fail('b')
      assert.deepEqual([trial.tried, trial.race.hasMore], [['a', 'new', 'b'], false])
      assert.deepEqual(
        trial.results.map(({ kind }) => kind),
        ['reached', 'failed']
      )
      trial.race.add([endpoint('c')])
      trial.race.resume()
      trial.reach('c')
      assert.equal(trial.results.at(-1)?.kind, 'reached')
    })
  })

  it('begins no attempt before the budget allows it', () => {
    withClock((pass) => {
      const trial = new Trial(['a', 'b', 'c'])
      trial.waitMs = 400
      trial.fail('a')
      pass(399)
      assert.deepEqual(trial.tried, ['a'])
      trial.waitMs = 0
      pass(1)
      assert.deepEqual(trial.tried, ['a', 'b'])
    })
  })

  it('closes all attempts and reports nothing when it is given up', () => {
    withClock((pass) => {
      const trial = new Trial(['a', 'b', 'c'])
      pass(250)
      trial.race.abort()
      assert.ok([...trial.sockets.values()].every(({ destroyed }) => destroyed))
      trial.race.add([endpoint('d')])
      pass(1000)
      trial.fail('a')
      assert.deepEqual([trial.tried, trial.results], [['a', 'b'], []])
    })
  })
})

it('no address is looked up, not even one with a scope that Node rejects', async () => {
  // getaddrinfo would drop the scope.
  const socket = connectTo({ address: 'fe80::1%my_if', family: 6, port: 1 })
  const [error] = await once(socket, 'error')
  assert.equal((error as NodeJS.ErrnoException).code, 'ERR_INVALID_IP_ADDRESS')
})
