import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ANSWER_LIMITS, AnswerCounts, type AnswerLimits } from '#tcpnet/discovery/answer-limits.js'

/** Limits that no case reaches. */
const WIDE: AnswerLimits = {
  senders: 9,
  messagesPerSender: 9,
  messageBytes: 99,
  hints: 9,
  hintsPerSender: 9,
  workMs: 9
}

describe('the limits of a first look', () => {
  /** A message's sender and size, and whether it is read. */
  type Message = [sender: string, bytes: number, isRead: boolean]
  const messages: [string, Partial<AnswerLimits>, Message[]][] = [
    [
      'beyond the limit of senders, messages of known senders are still read',
      { senders: 2 },
      [
        ['a', 1, true],
        ['b', 1, true],
        ['c', 1, false],
        ['a', 1, true],
        ['b', 1, true]
      ]
    ],
    [
      'the messages read of each sender are limited',
      { messagesPerSender: 2 },
      [
        ['a', 1, true],
        ['a', 1, true],
        ['a', 1, false],
        ['b', 1, true]
      ]
    ],
    [
      'longer messages are not read, and do not make their sender known',
      { messageBytes: 10, senders: 1 },
      [
        ['a', 11, false],
        ['b', 10, true]
      ]
    ]
  ]
  for (const [name, limits, cases] of messages) {
    it(name, () => {
      const counts = new AnswerCounts({ ...WIDE, ...limits })
      for (const [at, [sender, bytes, isRead]] of cases.entries())
        assert.equal(counts.takeMessage(sender, bytes), isRead, `message ${at}`)
    })
  }

  const hints: [string, Partial<AnswerLimits>, [sender: string, isTold: boolean][]][] = [
    [
      'the instances reported of each sender are limited',
      { hintsPerSender: 1 },
      [
        ['a', true],
        ['a', false],
        ['b', true]
      ]
    ],
    [
      'the instances reported in all are limited',
      { hints: 2 },
      [
        ['a', true],
        ['b', true],
        ['a', false],
        ['b', false]
      ]
    ],
    ['no instance is reported of a sender whose messages are not read', {}, [['c', false]]]
  ]
  for (const [name, limits, cases] of hints) {
    it(name, () => {
      const counts = new AnswerCounts({ ...WIDE, ...limits })
      for (const sender of ['a', 'b']) counts.takeMessage(sender, 1)
      for (const [at, [sender, isTold]] of cases.entries())
        assert.equal(counts.takeHint(sender), isTold, `instance ${at}`)
    })
  }

  it('no message is read after the limit of processing time', () => {
    const counts = new AnswerCounts({ ...WIDE, workMs: 10 })
    counts.addWork(9.5)
    assert.equal(counts.takeMessage('a', 1), true)
    assert.equal(counts.hasTime, true)
    counts.addWork(0.5)
    assert.equal(counts.hasTime, false)
    assert.equal(counts.takeMessage('a', 1), false)
  })

  it('for a whole network are wide enough for 1,000 hosts with one service each', () => {
    const counts = new AnswerCounts(ANSWER_LIMITS)
    for (let host = 0; host < 1000; host++)
      assert.ok(
        counts.takeMessage(`10.0.${host >> 8}.${host & 255}`, 512) && counts.takeHint(`10.0.${host >> 8}.${host & 255}`)
      )
  })
})
