import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Holding, isOvertaken, pair, type ReceivedHello, type Verdict } from '#tcpnet/mesh/pairing.js'
import { isHigher } from '#tcpnet/uuid.js'
import { explore, type Report } from '../support/explore.js'
import { type Fault, pairModel, type Rule, type Setting } from '../support/pair-model.js'

const FAULTS: readonly Fault[] = ['crash', 'cut', 'destroy', 'fail', 'give up', 'withdraw']
const EVERYWHERE = { learns: [true, true], reaches: [true, true] } as const

describe('the pairing rule, case by case', () => {
  const [OLD, NEW] = ['0'.repeat(16), '1'.repeat(16)]
  const dial = (sent: boolean): Holding => ({ kind: 'dial', sent })
  const dialedByUs = (seq: number, boot = OLD): Holding => {
    return { kind: 'connection', dialer: 'self', seq, boot }
  }
  const dialedByPeer = (boot: string): Holding => ({ kind: 'connection', dialer: 'peer', seq: 0, boot })
  const cases: [string, string, ReceivedHello, Holding, Verdict][] = [
    ['nothing is held', 'A', { from: 'B', boot: OLD, seq: 0 }, { kind: 'nothing' }, 'accept'],
    ['our hello is not sent, and our dial would win', 'B', { from: 'A', boot: OLD, seq: 0 }, dial(false), 'accept'],
    ['our hello is not sent, and our dial would lose', 'A', { from: 'B', boot: OLD, seq: 0 }, dial(false), 'accept'],
    ['our hello is sent, and our dial wins', 'B', { from: 'A', boot: OLD, seq: 0 }, dial(true), 'hold'],
    ['our hello is sent, and our dial loses', 'A', { from: 'B', boot: OLD, seq: 0 }, dial(true), 'accept'],
    ['uuids are compared as numbers: 0B is above A', '0B', { from: 'A', boot: OLD, seq: 0 }, dial(true), 'hold'],
    ['uuids are compared as numbers: 10 is above F', 'F', { from: '10', boot: OLD, seq: 0 }, dial(true), 'accept'],
    ['of equal numbers the greater string wins', 'A', { from: '0A', boot: OLD, seq: 0 }, dial(true), 'hold'],
    ['the peer dials again', 'A', { from: 'B', boot: OLD, seq: 0 }, dialedByPeer(OLD), 'replace'],
    ['the peer has restarted', 'A', { from: 'B', boot: NEW, seq: 0 }, dialedByPeer(OLD), 'replace'],
    ['the dials crossed, and ours won', 'A', { from: 'B', boot: OLD, seq: 0 }, dialedByUs(1), 'decline'],
    ['the dials crossed after many earlier ones', 'A', { from: 'B', boot: OLD, seq: 41 }, dialedByUs(42), 'decline'],
    ['the peer dialed after it had answered ok', 'A', { from: 'B', boot: OLD, seq: 1 }, dialedByUs(1), 'replace'],
    [
      'the peer dialed after it had answered ok to several',
      'A',
      { from: 'B', boot: OLD, seq: 9 },
      dialedByUs(1),
      'replace'
    ],
    ['a restarted peer counts from zero', 'A', { from: 'B', boot: NEW, seq: 0 }, dialedByUs(7), 'replace']
  ]
  for (const [name, self, applicant, holding, verdict] of cases) {
    it(`${name}: ${verdict}`, () => assert.equal(pair(self, applicant, holding), verdict))
  }
})

describe("the order of a peer's hellos", () => {
  const hello = (dial: number | null, boot = '0') => ({ dial, boot })
  const cases: [string, ReturnType<typeof hello>, ReturnType<typeof hello>, boolean][] = [
    ['an earlier dial', hello(1), hello(2), true],
    ['a later dial', hello(3), hello(2), false],
    ['an earlier dial of another boot', hello(1), hello(2, '1'), false],
    ['a dial without a number', hello(null), hello(2), false],
    ['a dial with a number after one without', hello(1), hello(null), false]
  ]
  for (const [name, late, heard, overtaken] of cases) {
    it(`${name}: ${overtaken ? 'overtaken' : 'not overtaken'}`, () => assert.equal(isOvertaken(late, heard), overtaken))
  }
})

describe('the pairing rule, in every interleaving of two nodes', () => {
  /** The number is the least number of states: with fewer, the model has lost some of its events. */
  const settings: [string, Pick<Setting, 'learns' | 'reaches'>, number][] = [
    ['both learn of each other and reach each other', EVERYWHERE, 250_000],
    ['only the lower learns of the other', { learns: [true, false], reaches: [true, true] }, 2_500],
    ['only the higher learns of the other', { learns: [false, true], reaches: [true, true] }, 2_500],
    ['the higher cannot be reached', { learns: [true, true], reaches: [false, true] }, 6_000],
    ['the lower cannot be reached', { learns: [true, true], reaches: [true, false] }, 6_000]
  ]
  for (const [name, who, atLeast] of settings) {
    it(`holds if ${name}`, (t) => {
      const report = check({ ...who, rule: pair, faults: FAULTS, maxConns: 3 })
      const { states, steps, slowSteps } = report
      t.diagnostic(`${states} states, ${steps} steps, at most ${slowSteps ?? '?'} timers to the goal`)
      holds(report)
      assert.ok(states >= atLeast, `only ${states} states`)
    })
    for (const faults of [[], ['crash']] satisfies Fault[][]) {
      it(`costs no healthy connection if ${name}, with ${faults.join() || 'no faults'}`, () => {
        holds(check({ ...who, rule: pair, faults, maxConns: 3, calm: true }))
      })
    }
  }
})

describe('the pairing rule, broken on purpose', () => {
  const onHold = (verdict: Verdict): Rule => {
    return (self, applicant, holding) => {
      const right = pair(self, applicant, holding)
      return right === 'hold' ? verdict : right
    }
  }
  const whenConnected = (verdict: Verdict): Rule => {
    return (self, applicant, holding) => (holding.kind === 'connection' ? verdict : pair(self, applicant, holding))
  }
  const CLOSE = 'close comes before the next connection'
  const HEALTHY = 'no healthy connection is closed'
  const STUCK = 'the goal stays within reach'
  const CIRCLE = 'every run ends'
  const rules: [string, string, Rule][] = [
    ['accepts every hello', CLOSE, () => 'accept'],
    ['accepts when it should hold', HEALTHY, onHold('accept')],
    ['declines when it should hold', CIRCLE, onHold('decline')],
    ['replaces the connection when dials crossed', HEALTHY, whenConnected('replace')],
    ['declines whenever it is connected', CIRCLE, whenConnected('decline')],
    [
      'holds on both sides',
      STUCK,
      (self, applicant, holding) => (holding.kind === 'dial' && holding.sent ? 'hold' : pair(self, applicant, holding))
    ],
    [
      'ignores seq: declines if it dialed',
      CIRCLE,
      (self, applicant, holding) => pair(self, { ...applicant, seq: -1 }, holding)
    ],
    [
      'requires a greater seq instead of an equal one',
      CIRCLE,
      (self, applicant, holding) => pair(self, { ...applicant, seq: applicant.seq - 1 }, holding)
    ],
    [
      'ignores boots',
      CIRCLE,
      (self, applicant, holding) =>
        pair(self, applicant, holding.kind === 'connection' ? { ...holding, boot: applicant.boot } : holding)
    ],
    [
      'lets the higher uuid win on one side and the lower on the other',
      STUCK,
      (self, applicant, holding) =>
        holding.kind === 'dial' && holding.sent && isHigher(applicant.from, self)
          ? 'hold'
          : pair(self, applicant, holding)
    ]
  ]
  for (const [name, property, rule] of rules) {
    it(`is detected if it ${name}: ${property}`, (t) => {
      const broken = firstBroken(rule, property)
      t.diagnostic(`after ${broken?.trace.length ?? 0} steps`)
      assert.equal(broken?.property, property)
    })
  }

  it('lets a hello close a connection that was dialed after it, if hellos are not numbered', (t) => {
    const { broken } = check({ ...EVERYWHERE, rule: pair, faults: ['give up'], maxConns: 2, uncounted: true })
    t.diagnostic(`after ${broken?.trace.length ?? 0} steps`)
    assert.equal(broken?.property, 'no hello closes what was dialed after it')
  })

  it('closes a healthy connection if another boot wins over a dial whose hello is sent, unlike the rule', () => {
    // A simpler rule, which accepts a restarted peer at once. The peer may have accepted our dial already.
    const literal: Rule = (self, applicant, holding, lastBoot) => {
      const restarted = lastBoot !== null && lastBoot !== applicant.boot
      return restarted && holding.kind === 'dial' ? 'accept' : pair(self, applicant, holding)
    }
    const calm = { ...EVERYWHERE, faults: ['crash'], maxConns: 3, calm: true, remembersBoots: true } as const
    assert.equal(check({ ...calm, rule: literal }).broken?.property, HEALTHY)
    holds(check({ ...calm, rule: pair }))
  })
})

/** The first violation of the property: with all faults, or with none for the property that needs calm. */
function firstBroken(rule: Rule, property: string): Report['broken'] {
  const calm = property === 'no healthy connection is closed'
  return check({ ...EVERYWHERE, rule, faults: calm ? [] : FAULTS, maxConns: 2, calm }).broken
}

function check(setting: Setting): Report {
  // If a dial cannot arrive, its timer may end again and again while another timer waits: the model has no fairness.
  const prompt = setting.reaches[0] && setting.reaches[1]
  return explore(pairModel(setting), { prompt, maxStates: 2_000_000 })
}

function holds({ broken }: Report): void {
  assert.equal(broken, null, `${broken?.property} does not hold:\n${broken?.trace.join('\n')}`)
}
