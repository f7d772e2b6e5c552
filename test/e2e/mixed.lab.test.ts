// Services over different drivers on one network: over a daemon, beside one, and on a host without one.
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

/** Fails if a daemon has logged a warning about packets of the others. */
function daemonsAreContent(): void {
  const { alpha, beta, gamma } = shared.hosts
  for (const { avahi, name } of [alpha, beta, gamma]) {
    const complaints = avahi.log.split('\n').filter((line) => /conflict|collision|invalid|another .* stack/i.test(line))
    assert.deepEqual(complaints, [], `the daemon of ${name} logs a warning`)
  }
}

/** The hosts, each with its drivers. Two processes on one host may have the same driver. */
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

test('services over avahi, bonjour and embedded mesh, in any order of their starts', {
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

test('services over avahi, bonjour and embedded that start at the same instant mesh', {
  skip: skipWithoutLab
}, async (t) => {
  for (let round = 0; round < (WHOLE ? 5 : 1); round++) {
    const nodes = await Promise.all(
      members().map(([host, driver]) => Node.prepare(host, { name: `mix-once-${round}`, driver }))
    )
    await Promise.all(nodes.map((node) => node.listen()))
    await firstMesh(nodes)
    t.diagnostic(`all nodes are in the mesh after ${meshTime(nodes)} ms`)
    await closeAll(nodes)
  }
  daemonsAreContent()
})
