// How an abort signal closes services.
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { afterEach, describe, it } from 'node:test'
import { Cluster, closed } from '../support/cluster.js'
import { next } from '../support/wait.js'

let cluster = new Cluster()
afterEach(async () => {
  const old = cluster
  cluster = new Cluster()
  await old.close()
})

describe('an abort signal', () => {
  it('closes the service, whether it was given in the settings or to listen', async () => {
    for (const place of ['settings', 'listen']) {
      const controller = new AbortController()
      const { signal } = controller
      const service = cluster.make(place === 'settings' ? { signal } : {})
      service.listen(place === 'listen' ? { signal } : {})
      await next(service, 'listening')
      const ending = next(service, 'close')
      controller.abort()
      await ending
    }
  })

  it('that was aborted before closes the service, which does not listen', async () => {
    for (const place of ['settings', 'listen']) {
      const signal = AbortSignal.abort()
      const service = cluster.make(place === 'settings' ? { signal } : {})
      service.on('listening', () => assert.fail('it listens'))
      const ending = next(service, 'close')
      service.listen(place === 'listen' ? { signal } : {})
      await ending
    }
  })

  it('that is aborted before listen closes the service, and listen() does not throw then', async () => {
    const controller = new AbortController()
    const service = cluster.make({ signal: controller.signal })
    service.on('listening', () => assert.fail('it listens'))
    const ending = next(service, 'close')
    controller.abort()
    assert.equal(service.listen(), service)
    await ending
    assert.equal(service.listen(), service)
  })

  it('closes a service that never listened', async () => {
    const controller = new AbortController()
    const service = cluster.make({ signal: controller.signal })
    const ending = next(service, 'close')
    controller.abort()
    await ending
  })

  it('shared by many services has one listener, and none once they are closed', async () => {
    const [{ signal }, { signal: listenSignal }] = [new AbortController(), new AbortController()]
    const listeners = () => [signal, listenSignal].map((one) => getEventListeners(one, 'abort').length)
    const services = Array.from({ length: 11 }, () => cluster.make({ signal }).listen({ signal: listenSignal }))
    assert.deepEqual(listeners(), [1, 1])
    const last = services.pop() ?? assert.fail()
    await Promise.all(services.map(closed))
    assert.deepEqual(listeners(), [1, 1])
    await closed(last)
    assert.deepEqual(listeners(), [0, 0])
  })

  it('shared by many services closes them all', async () => {
    const controller = new AbortController()
    const services = Array.from({ length: 11 }, () => cluster.make({ signal: controller.signal }))
    const ended = Promise.all(services.map((service) => next(service, 'close')))
    controller.abort()
    await ended
  })

  it('that is aborted after close does nothing', async () => {
    const controller = new AbortController()
    const service = await cluster.member({ signal: controller.signal })
    let closes = 0
    service.on('close', () => closes++)
    await closed(service)
    controller.abort()
    await cluster.member()
    assert.equal(closes, 1)
  })
})
