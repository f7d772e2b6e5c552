// Every pair of runtimes, dialing and accepting with a secret: they connect with the same secret, and never with
// another. Then each as a dialer that gets a copy of a certificate, or a certificate that only names an authority.
// Loopback only.
//   node out/test/runtimes/pairs.js NAME=COMMAND...     a command may have arguments, separated by blanks
import { strict as assert } from 'node:assert'
import { type ChildProcess, spawn } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { createServer as createTlsServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { throwAwayCertificate } from '#tcpnet/security/certificate.js'
import { within } from '../lab/index.js'
import { copycat } from '../security/copycat.js'
import { namingOnly } from '../security/giant-chain.js'
import type { Command, Report } from './end.js'

const DEADLINE_MS = 30_000

/** An end of connections on one runtime. */
class End {
  readonly name: string
  readonly #process: ChildProcess
  readonly #reports: Report[] = []
  readonly #news = new EventEmitter()

  constructor(name: string, command: string) {
    this.name = name
    const [file = '', ...args] = command.split(' ')
    const program = fileURLToPath(new URL('./end.js', import.meta.url))
    this.#process = spawn(file, [...args, program], { stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface(this.#process.stdout ?? assert.fail()).on('line', (line) => {
      this.#reports.push(JSON.parse(line) as Report)
      this.#news.emit('report')
    })
  }

  order(command: Command): void {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`)
  }

  /** The next report of a kind. */
  async report<Kind extends Report['did']>(did: Kind): Promise<Extract<Report, { did: Kind }>> {
    const next = async () => {
      for (;;) {
        const at = this.#reports.findIndex((report) => report.did === did)
        if (at >= 0) return this.#reports.splice(at, 1)[0]
        await once(this.#news, 'report')
      }
    }
    return (await within(next(), `${this.name} does not print "${did}"`, DEADLINE_MS)) as Extract<Report, { did: Kind }>
  }

  async close(): Promise<void> {
    this.#process.stdin?.end()
    if (this.#process.exitCode === null) await once(this.#process, 'exit')
  }
}

async function meet(dialer: End, acceptor: End, port: number): Promise<void> {
  dialer.order({ do: 'dial', secret: 'right', port })
  const [dialed, accepted] = await Promise.all([dialer.report('dialed'), acceptor.report('accepted')])
  assert.deepEqual(dialed, { did: 'dialed', line: 'answer', text: 'payload' })
  assert.deepEqual(accepted, { did: 'accepted', line: 'hello', text: 'payload' })

  dialer.order({ do: 'dial', secret: 'wrong', port })
  for (const report of await Promise.all([dialer.report('dialed'), acceptor.report('accepted')])) {
    assert.deepEqual(report, { did: report.did, code: 'ERR_TCPNET_TLS' })
  }
}

/**
 * A dialer accepts a server that has its certificate's key, and refuses one that shows a copy and signs with another
 * key. As a control, Deno does not check the signature for a certificate of version 1.
 */
async function checkCopies(dialer: End): Promise<void> {
  const [own, old, another] = [throwAwayCertificate(), namingOnly('tcpnet', 1), throwAwayCertificate()]
  for (const [{ cert }, { key }, isContent] of [
    [own, own, true],
    [own, another, false],
    [old, another, dialer.name.startsWith('deno')]
  ] as const) {
    const { server, port, verdict } = await copycat(new X509Certificate(cert).raw, createPrivateKey(key))
    dialer.order({ do: 'dial', secret: 'right', port })
    assert.equal(await within(verdict, 'no verdict', DEADLINE_MS), isContent, `${dialer.name}: content ${!isContent}`)
    assert.equal((await dialer.report('dialed')).code, 'ERR_TCPNET_TLS')
    server.close()
  }
}

/** @returns the versions of X.509 for which a plain TLS client accepts a certificate that only names its issuer */
async function believed(dialer: End): Promise<number[]> {
  const authority = throwAwayCertificate()
  const versions: number[] = []
  for (const version of [1, 3] as const) {
    const server = createTlsServer({ ...namingOnly('tcpnet', version), minVersion: 'TLSv1.3' })
    server.on('tlsClientError', () => {}).on('secureConnection', (socket) => socket.on('error', () => {}))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    dialer.order({ do: 'authorize', port: (server.address() as AddressInfo).port, ca: authority.cert })
    if ((await dialer.report('authorize')).authorized) versions.push(version)
    server.close()
  }
  dialer.order({ do: 'tls', tls: { key: authority.key, cert: authority.cert, ca: authority.cert } })
  const { code } = await dialer.report('tls')
  // If such a certificate is accepted, the setting has to be refused.
  assert.equal(code, dialer.name.startsWith('deno') ? 'ERR_TCPNET_NO_TLS' : null, dialer.name)
  assert.ok(
    versions.length === 0 || code !== null,
    `${dialer.name} accepts tls, and false certificates of X.509 versions ${versions}`
  )
  return versions
}

const ends = process.argv.slice(2).map((argument) => {
  const at = argument.indexOf('=')
  return new End(argument.slice(0, at), argument.slice(at + 1))
})
const ports = new Map<End, number>()
for (const end of ends) {
  end.order({ do: 'accept', secret: 'right' })
  ports.set(end, (await end.report('listen')).port)
}
let pairs = 0
for (const dialer of ends) {
  for (const acceptor of ends) {
    await meet(dialer, acceptor, ports.get(acceptor) ?? assert.fail())
    pairs++
  }
  await checkCopies(dialer)
  const versions = await believed(dialer)
  console.log(
    `${dialer.name}: connects to ${ends.length} runtimes; accepts false certificates of X.509 versions: ${versions.join(', ') || 'none'}`
  )
}
await Promise.all(ends.map((end) => end.close()))
console.log(`${pairs} pairs`)
