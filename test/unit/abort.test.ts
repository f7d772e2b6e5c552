// A signal that combines several.
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { withAny } from '#tcpnet/abort.js'

describe('a combined signal', () => {
  it('is aborted when any of its sources is', async () => {
    for (const which of [0, 1]) {
      const controllers = [new AbortController(), new AbortController()]
      await withAny(
        controllers.map(({ signal }) => signal),
        async ({ signal }) => {
          assert.equal(signal.aborted, false)
          controllers[which]?.abort()
          assert.equal(signal.aborted, true)
        }
      )
    }
  })

  it('is aborted from the start if a source is', async () => {
    const signals = [new AbortController().signal, AbortSignal.abort()]
    await withAny(signals, async ({ signal }) => assert.equal(signal.aborted, true))
  })

  it('leaves no listener on its sources, whether its task succeeds or fails', async () => {
    const { signal } = new AbortController()
    assert.equal(await withAny([signal], async () => getEventListeners(signal, 'abort').length), 1)
    await assert.rejects(withAny([signal], () => Promise.reject(new Error('no'))))
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })
})
