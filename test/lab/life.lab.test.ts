// Programs, daemons and hosts of the laboratory start and end as requested, and nothing is left behind.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Lab, labTest, leftovers, skipWithoutLab, until, within } from './index.js'
import { GONE_MS } from './namespace.js'
import { browse, echo, NODE, publish, sees, talkTo } from './talk.js'

const LAB = new URL('./index.js', import.meta.url).href

labTest('a daemon can be killed, frozen, stopped and started, its bus too', async (lab) => {
  const [alpha, beta] = await lab.hosts(['alpha', 'beta'])
  await publish(alpha, 'before')
  await sees(await browse(beta), 'eth0', 'before')

  await beta.avahi.kill()
  await assert.rejects(beta.exec(['avahi-browse', '--parsable', '--terminate', '_lab._tcp']), /Daemon not running/)
  await beta.avahi.start()
  await sees(await browse(beta), 'eth0', 'before')

  await beta.avahi.freeze()
  const waiting = await browse(beta)
  await assert.rejects(waiting.line(/./, 'alpha is not seen', 200), /alpha is not seen/)
  await beta.avahi.thaw()
  await sees(waiting, 'eth0', 'before')

  await alpha.avahi.stop()
  await waiting.line(/^-;eth0;.*;before;/, 'alpha did not say goodbye')

  await alpha.avahi.start()
  await publish(alpha, 'after')
  await beta.restartBus()
  await sees(await browse(beta), 'eth0', 'after')
})

labTest('a program reports how it ended, and why an expected line did not come', async (lab) => {
  const alpha = await lab.host('alpha', { avahi: false })
  const code = await alpha.run(['sh', '-c', 'read word; echo "$word $COLOUR"; exit 3'], { env: { COLOUR: 'blue' } })
  code.write('sky')
  assert.equal(await code.line(/sky/, 'no word'), 'sky blue')
  assert.deepEqual(await code.exit, { code: 3, signal: null })
  const sleeping = await alpha.run(['sleep', '60'])
  await sleeping.freeze()
  await sleeping.thaw()
  assert.deepEqual(await sleeping.kill('SIGTERM'), { code: null, signal: 'SIGTERM' })
  await assert.rejects(alpha.exec(['sh', '-c', 'echo why >&2; exit 1']), /ended with 1: why/)
  const silent = await alpha.run(['sh', '-c', 'echo something; exec sleep 60'])
  await assert.rejects(silent.line(/else/, 'the sentence', 100), /the sentence: .*not within 100 ms.*something/s)
  await assert.rejects(alpha.exec(['no-such-command']), /ended with 12[67]: .*no-such-command/)
})

labTest('a host can be removed for good', async (lab) => {
  const [alpha, beta] = await lab.hosts(['alpha', 'beta'], { avahi: false })
  const server = await echo(beta)
  const talk = await talkTo(alpha, beta.ipv4)
  await beta.close()
  assert.equal(server.running, false)
  assert.deepEqual(talk.lines, ['connected'])
  await assert.rejects(beta.exec(['true']))
})

/** Makes a lab with a host, daemons and a frozen program, prints its id, and waits to be killed. */
const DOOMED = `
  import { Lab } from '${LAB}'
  const lab = await Lab.create()
  const alpha = await lab.host('alpha')
  const program = await alpha.run(['sleep', '60'])
  await program.freeze()
  console.log(lab.id)`

test('a lab is removed when its test is killed', { skip: skipWithoutLab }, async () => {
  const test = spawn(NODE, ['--input-type=module', '-e', DOOMED], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: test.stdout })[Symbol.asyncIterator]()
  const { value: id } = await within(lines.next(), 'the doomed test made no lab', 10_000)
  assert.notDeepEqual(await leftovers(id), [])
  test.kill('SIGKILL')
  await until(async () => (await leftovers(id)).length === 0, 'processes outlive their test', GONE_MS)
})

/** Runs the program text as a plain user, from the root of the file system. */
function asPlainUser(text: string, before: readonly string[] = []): { code: Promise<number | null>; output: string[] } {
  const user = ['--reuid', '65534', '--regid', '65534', '--clear-groups']
  const child = spawn('setpriv', [...user, ...before, NODE, '--input-type=module', '-e', text], { cwd: '/' })
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => output.push(chunk))
  }
  return { code: new Promise((resolve) => child.once('close', resolve)), output }
}

const isRoot = process.geteuid?.() === 0
const here = fileURLToPath(new URL('.', import.meta.url))

test('a plain user can have a lab', { skip: skipWithoutLab || (!isRoot && 'this whole run is one') }, async (t) => {
  const readable = asPlainUser(`import { accessSync } from 'node:fs'; accessSync('${here}index.js')`)
  if ((await readable.code) !== 0) {
    await access(here)
    t.skip(`other users cannot read ${here}`)
    return
  }
  const asked = asPlainUser(`import { Lab } from '${LAB}'; console.log((await Lab.unavailable())?.message ?? '')`)
  await asked.code
  const why = asked.output.join('').trim()
  if (why !== '' && process.env.CI !== 'true') {
    t.skip(why)
    return
  }
  const run = asPlainUser(`
    import { Lab } from '${LAB}'
    const lab = await Lab.create()
    const [alpha, beta] = await lab.hosts(['alpha', 'beta'])
    const publish = await alpha.run(['avahi-publish', '-s', 'plain', '_lab._tcp', '7000'])
    const browse = await beta.run(['avahi-browse', '--parsable', '--resolve', '_lab._tcp'])
    await browse.line(/^=;eth0;.*;plain;/, 'plain is not seen')
    await beta.drop({ lossPercent: 10 })
    await lab.split([alpha], [beta])
    await lab.close()
    console.log('done', process.geteuid())`)
  const code = await within(run.code, 'the plain user goes on', 20_000)
  assert.deepEqual([code, run.output.join('')], [0, 'done 65534\n'])
})

test('the error says why no lab can be made and what to do', { skip: skipWithoutLab }, async () => {
  const noNetworks = 'echo 0 >/proc/sys/user/max_net_namespaces; exec "$@"'
  const command = ['--user', '--map-root-user', 'sh', '-c', noNetworks, 'sh', NODE, '--input-type=module', '-e']
  const text = `
    import { Lab, LabUnavailable } from '${LAB}'
    await Lab.create().catch((err) => console.log(err instanceof LabUnavailable, err.message))`
  const child = spawn('unshare', [...command, text], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const { value } = await within(lines.next(), 'no error was printed', 10_000)
  assert.match(
    value,
    /^true no lab here: the kernel refuses namespaces \(.*unshare failed.*\); root needs CAP_SYS_ADMIN/
  )
})

test('lab.close() can be called again', { skip: skipWithoutLab }, async () => {
  const lab = await Lab.create()
  await Promise.all([lab.close(), lab.close()])
  await lab.close()
  assert.deepEqual(await leftovers(lab.id), [])
})

test('lab.close() ends frozen programs', { skip: skipWithoutLab }, async () => {
  const lab = await Lab.create()
  const alpha = await lab.host('alpha', { avahi: false })
  const program = await alpha.run(['sleep', '60'])
  await program.freeze()
  await lab.close()
  assert.deepEqual([program.running, await leftovers(lab.id)], [false, []])
})
