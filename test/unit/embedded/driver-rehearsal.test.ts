// The rehearsal of the driver: it has to reach its end, to leave nothing behind, and never to harm the application.
import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { describe, it } from 'node:test'
import { rehearseDriver } from '#tcpnet/discovery/drivers/embedded/embedded.js'
import { runProgram } from '../../support/child.js'
import { until } from '../../support/wait.js'

describe('the rehearsal of the driver embedded', () => {
  it('two services find each other in memory, and leave no timer behind', async () => {
    const timers = new Set<number>()
    let isOver = false
    const hook = createHook({
      init: (id, type) => void (!isOver && ['Timeout', 'Immediate'].includes(type) && timers.add(id)),
      destroy: (id) => void timers.delete(id)
    }).enable()
    const isComplete = await new Promise((done) => rehearseDriver(done))
    isOver = true
    assert.equal(isComplete, true)
    // Less than the time after which a rehearsal ends in any case.
    await until(() => timers.size === 0, 'timers are left', 500)
    hook.disable()
  })

  for (const [where, change] of [
    ['without setImmediate', 'delete globalThis.setImmediate'],
    [
      'where timers are numbers',
      `const real = setTimeout
        globalThis.setTimeout = (callback, ms) => Number(real(() => { console.log(ms); callback() }, ms))`
    ]
  ] as const) {
    it(`does not harm an application ${where}`, async () => {
      const program = `
        ${change}
        const { tcpnet } = await import('tcpnet')
        tcpnet({ name: 'x', driver: 'embedded' })
      `
      const { code, stdout, stderr } = await runProgram(program)
      assert.deepEqual([code, stdout, stderr], [0, '', ''])
    })
  }
})
