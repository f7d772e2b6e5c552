// Services over different drivers on one network: over a daemon, beside one, and where there is none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedLab, skipWithoutLab } from '../lab/index.js'
import { closeAll, firstMesh, meshTime } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { WHOLE } from '../support/long.js'

const shared = sharedLab(async (lab) => {
  const [alpha, beta, gamma] = await lab.hosts(['alpha', 'beta', 'gamma'])
  const [bare, empty] = await lab.hosts(['bare', 'empty'], { avahi: false })
  return { alpha, beta, gamma, bare, empty }
})

/** No daemon has found anything wrong with what the others say. */
function daemonsAreContent(): void {
  const { alpha, beta, gamma } = shared.hosts
  for (const { avahi, name } of [alpha, beta, gamma]) {
    const complaints = avahi.log.split('\n').filter((line) => /conflict|collision|invalid|another .* stack/i.test(line))
    assert.deepEqual(complaints, [], `the daemon of ${name} complains`)
  }
}

/** The hosts, each with its drivers: two processes of one host with the same driver are apart, too. */
function members() {
  const { alpha, beta, gamma, bare, empty } = shared.hosts
  return [
    [alpha, 'avahi'],
    [beta, 'avahi'],
    [beta, 'embedded'],
    [gamma, 'bonjour'],
    [bare, 'embedded'],
    [bare, 'embedded'],
    [empty, 'embedded']
  ] as const
}

test('services over avahi, bonjour and embedded mesh, in whatever order they come', {
  skip: skipWithoutLab
}, async (t) => {
  for (let round = 0; round < (WHOLE ? 7 : 2); round++) {
    const nodes: Node[] = []
    const all = members()
    for (let i = 0; i < all.length; i++) {
      const [host, driver] = all[(i + round * 4) % all.length] ?? members()[0]
      nodes.push(await Node.start(host, { name: `mix-${round}`, driver }))
    }
    await firstMesh(nodes)
    t.diagnostic(`the last is in the mesh after ${meshTime(nodes)} ms`)
    await closeAll(nodes)
  }
  daemonsAreContent()
})

test('services over avahi, bonjour and embedded that start in the same instant mesh', {
  skip: skipWithoutLab
}, async (t) => {
  for (let round = 0; round < (WHOLE ? 5 : 1); round++) {
    const nodes = await Promise.all(
      members().map(([host, driver]) => Node.prepare(host, { name: `mix-once-${round}`, driver }))
    )
    await Promise.all(nodes.map((node) => node.listen()))
    await firstMesh(nodes)
    t.diagnostic(`everybody is in the mesh after ${meshTime(nodes)} ms`)
    await closeAll(nodes)
  }
  daemonsAreContent()
})
