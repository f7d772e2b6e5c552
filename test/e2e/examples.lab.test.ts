// The examples, each on three hosts, with one of the three programs killed meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Host, type Program, sharedLab, skipWithoutLab, until } from '../lab/index.js'

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma']))

function start(host: Host, example: string, ...args: string[]): Promise<Program> {
  const path = fileURLToPath(new URL(`../../../examples/${example}.js`, import.meta.url))
  return host.run([process.execPath, path, ...args])
}

const line = (program: Program, wanted: string, from = 0) =>
  program.line((text) => text === wanted, `"${wanted}" is not shown`, undefined, from)

/** Each program ends by itself when its input ends. */
async function end(programs: readonly Program[]): Promise<void> {
  for (const program of programs) program.endInput()
  for (const program of programs) {
    assert.deepEqual([await program.exit, program.stderr], [{ code: 0, signal: null }, ''])
  }
}

test('chat: one program is killed and comes back', { skip: skipWithoutLab }, async () => {
  const [alpha, beta, gamma] = shared.hosts
  const [ann, ben, cat] = await Promise.all([
    start(alpha, 'chat', 'Ann'),
    start(beta, 'chat', 'Ben'),
    start(gamma, 'chat', 'Cat')
  ])
  const members = { Ann: ann, Ben: ben, Cat: cat }
  for (const [name, program] of Object.entries(members)) {
    for (const other of Object.keys(members)) if (other !== name) await line(program, `* ${other} is here`)
  }
  ann.write('hello')
  await Promise.all([ben, cat].map((program) => line(program, 'Ann: hello')))
  await cat.kill()
  await Promise.all([ann, ben].map((program) => line(program, '* Cat is gone')))
  ann.write('where is Cat?')
  await line(ben, 'Ann: where is Cat?')
  const again = await start(gamma, 'chat', 'Cat')
  await line(again, '* Ann is here')
  ann.write('there she is')
  await Promise.all([ben, again].map((program) => line(program, 'Ann: there she is')))
  await end([ann, ben, again])
})

test('map: one program is killed, misses writes, and has them when it is back', { skip: skipWithoutLab }, async () => {
  const [alpha, beta, gamma] = shared.hosts
  const [one, two, three] = await Promise.all([start(alpha, 'map'), start(beta, 'map'), start(gamma, 'map')])
  one.write('set colour red')
  // Sent at once, or when the connection is made.
  await Promise.all([two, three].map((program) => line(program, '+ colour=red')))
  await three.kill()
  two.write('set colour blue')
  await line(one, '+ colour=blue')
  one.write('set size 7')
  one.write('set shape round')
  await line(two, '+ shape=round')
  two.write('delete shape')
  await line(one, '- shape')
  const again = await start(gamma, 'map')
  await Promise.all(['+ colour=blue', '+ size=7', '- shape'].map((text) => line(again, text)))
  for (const program of [one, two, again]) program.write('show')
  await Promise.all([one, two, again].map((program) => line(program, '{colour=blue size=7}')))
  await end([one, two, again])
})

test('queue: the leader is killed, and each job is done', { skip: skipWithoutLab }, async () => {
  const programs = await Promise.all(shared.hosts.map((host) => start(host, 'queue')))
  const uuids = await Promise.all(programs.map(async (program) => (await listening(program)).split(' ')[1] ?? ''))
  const leader = programs[uuids.indexOf(uuids.toSorted()[0] ?? '')]
  const [owner, other] = programs.filter((program) => program !== leader)
  assert.ok(leader !== undefined && owner !== undefined && other !== undefined)
  const done = () => new Set(owner.lines.flatMap((text) => /^done (job-\d+) /.exec(text)?.[1] ?? []))
  await Promise.all(programs.map((program) => line(program, 'members: 3')))
  for (let job = 1; job <= 30; job++) owner.write(`job-${job}`)
  await until(() => done().size >= 5, 'no job is done')
  await leader.kill()
  await until(() => done().size === 30, 'a job is lost with the leader')
  const workers = new Set(owner.lines.flatMap((text) => / by (\w+)$/.exec(text)?.[1] ?? []))
  assert.ok(workers.size >= 2, 'several members have worked')
  await end([owner, other])
})

const listening = (program: Program) => program.line(/^listening /, 'it does not listen')
