// Faults on hosts of the lab, each on a network of its own, and what `tcpnet doctor` says there.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Host, type HostOptions, sharedLab, skipWithoutLab as skip, until } from '../lab/index.js'
import { Node } from '../programs/node-client.js'
import { WHOLE } from '../support/long.js'
import { Diagnosis } from './doctor.js'
import { announced, cli, SOON_MS } from './program.js'

let networks = 0
/** Faults that are tried in the whole form alone: they take seconds each. */
const whole = { skip: skip || (!WHOLE && 'tried in the whole form') }

describe('tcpnet doctor names cause and remedy', { skip, concurrency: 3 }, () => {
  const shared = sharedLab(async () => null)

  /** Two hosts on a network of their own, with a member of the cluster `demo` each. */
  async function pair(options: HostOptions = {}, { members = true } = {}): Promise<[Host, Host]> {
    const lan = `net${++networks}`
    const [sick, other] = await Promise.all([
      shared.lab.host(`sick${networks}`, { lans: [lan], ...options }),
      shared.lab.host(`other${networks}`, { lans: [lan] })
    ])
    if (members) await Promise.all([member(sick), member(other)])
    return [sick, other]
  }

  async function member(host: Host, name = 'demo', args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
    const program = await cli(host, ['join', name, '--stay', '--json', ...args], { env })
    const line = await program.line(/"listening"/, `the member of ${name} does not listen`, SOON_MS)
    return JSON.parse(line) as { uuid: string; port: number }
  }

  test('a healthy machine: exit code 0, and the checks', async () => {
    const [sick] = await pair()
    const all = await Diagnosis.of(sick, ['demo'])
    assert.equal(all.code, 0, all.text)
    for (const check of [
      'addon',
      'daemon',
      'configuration',
      'driver',
      'interfaces',
      'multicast',
      'announcement',
      'cluster',
      'reach'
    ])
      assert.ok(
        all.findings.some((one) => one.check === check && one.severity === 'good'),
        `${check} is well: ${all.text}`
      )
    const [driver] = all.findings.filter(({ check }) => check === 'driver')
    // On a machine that is busy, "auto" may not wait long enough for the daemon.
    assert.match(
      driver?.what ?? '',
      /"auto" uses the driver "(avahi": the daemon of this system answered|embedded": .* 250 ms)/
    )
  })

  test('daemon stopped', whole, async () => {
    const [sick] = await pair({}, { members: false })
    await sick.avahi.stop()
    const found = await Diagnosis.of(sick)
    found.finds(
      'daemon',
      /avahi-daemon is installed .*, but is not running.*"auto" uses the driver "embedded"/,
      /systemctl start avahi-daemon/
    )
    found.onlyWrongIn('daemon')
    assert.ok(
      found.findings.some(({ what }) => /"auto" uses the driver "embedded": no avahi-daemon is running/.test(what))
    )
  })

  test('daemon frozen', async () => {
    const [sick] = await pair({}, { members: false })
    await sick.avahi.freeze()
    const found = await Diagnosis.of(sick)
    found.finds('daemon', /avahi-daemon runs .*, but does not answer: it is stopped \(SIGSTOP\)/, /kill -CONT \d+/)
    found.onlyWrongIn('daemon')
    await sick.avahi.thaw()
  })

  test('bus missing', whole, async () => {
    const [sick] = await pair({ avahi: false }, { members: false })
    const found = await Diagnosis.of(sick)
    found.finds('daemon', /The D-Bus system bus is missing/, /Start D-Bus/)
    found.onlyWrongIn('daemon')
  })

  test('interface down', async () => {
    const [sick] = await pair({}, { members: false })
    await sick.interfaceDown()
    const found = await Diagnosis.of(sick)
    found.finds('interfaces', /The interface eth0 is down/, /ip link set eth0 up/)
    found.onlyWrongIn('interfaces')
  })

  test('multicast filtered in, on the way', async () => {
    const [sick] = await pair()
    await sick.drop({ direction: 'in', udpPort: 5353 })
    const found = await Diagnosis.of(sick, ['demo'])
    found.finds('multicast', /Multicast is filtered in on eth0/, /Let in UDP to port 5353/)
    found.onlyWrongIn('multicast')
  })

  test('multicast filtered out, on the way', whole, async () => {
    const [sick] = await pair()
    await sick.drop({ direction: 'out', udpPort: 5353 })
    const found = await Diagnosis.of(sick, ['demo'])
    found.finds('multicast', /Multicast (DNS )?is filtered/, /Let out UDP to port 5353/)
  })

  test('multicast filtered in, and out, by rules of the host itself', whole, async () => {
    const [sick] = await pair()
    const nft = (rules: string) => sick.exec(['nft', '--file', '-'], { input: rules })
    await nft(
      'add table inet t\nadd chain inet t i { type filter hook input priority 0; }\nadd rule inet t i udp dport 5353 drop\n'
    )
    const into = await Diagnosis.of(sick, ['demo'])
    into.finds(
      'multicast',
      /Multicast is filtered in: .*its own firewall drops .*udp dport 5353 drop/,
      /Let in UDP to port 5353/
    )
    into.finds('firewall', /may drop multicast DNS that come in: udp dport 5353 drop/, /5353/)
    await nft(
      'delete table inet t\nadd table inet t\nadd chain inet t o { type filter hook output priority 0; }\nadd rule inet t o udp dport 5353 drop\n'
    )
    const out = await Diagnosis.of(sick, ['demo'])
    out.finds('multicast', /Multicast is filtered out: this machine's own firewall drops/, /Let out UDP/)
  })

  test('answers to one-shot queries filtered in', whole, async () => {
    const [sick] = await pair()
    await sick.drop({ direction: 'in', match: 'udp sport 5353 udp dport != 5353' })
    const found = await Diagnosis.of(sick, ['demo'])
    found.finds('multicast', /Answers to one-shot queries are filtered in on eth0/, /udp sport 5353/)
    found.onlyWrongIn('multicast')
  })

  test('cable out; and a firewall of the host that drops by policy', whole, async () => {
    const [sick] = await pair({}, { members: false })
    await sick.cable('out')
    const out = await Diagnosis.of(sick)
    out.finds('interfaces', /eth0 has no carrier/, /Plug it in/)
    out.onlyWrongIn('interfaces')
    await sick.cable('in')
    const rules =
      'add table inet t\nadd chain inet t i { type filter hook input priority 0; policy drop; }\nadd rule inet t i iifname "lo" accept\n'
    await sick.exec(['nft', '--file', '-'], { input: rules })
    const found = await Diagnosis.of(sick)
    found.finds('firewall', /may drop multicast DNS and TCP connections that come in: chain i: policy drop/, /5353/)
    found.finds('multicast', /Multicast is filtered in: this machine/, /Let in UDP/)
  })

  test('TCP port filtered', async () => {
    const [sick, other] = await pair({}, { members: false })
    const { port } = await member(other)
    await sick.drop({ tcpPort: port })
    const found = await Diagnosis.of(sick, ['demo'])
    found.finds('reach', /cannot be dialed: .*ETIMEDOUT.* filtered/, new RegExp(`Let TCP port ${port} in`))
    found.onlyWrongIn('reach')
  })

  test('address on an interface without other members', whole, async () => {
    const lan = `net${++networks}`
    const [sick, other] = await Promise.all([
      shared.lab.host('lonely', { lans: [lan, `${lan}b`] }),
      shared.lab.host('together', { lans: [lan] })
    ])
    const address = sick.interface('eth1').ipv4 ?? assert.fail('eth1 has an address')
    await Promise.all([member(sick, 'demo', ['--address', address]), member(other)])
    const found = await Diagnosis.of(sick, ['demo'])
    found.finds(
      'cluster',
      /listens on .*\(eth1\) only, where there is no other member: the others are on eth0/,
      /listen without an address, or on one of eth0/
    )
    const asked = await Diagnosis.of(sick, ['demo', '--address', address])
    asked.finds('cluster', /is on eth1, where there is no other member/, /eth0/)
  })

  test('wrong secret; and none where the cluster has one', async () => {
    const [sick, other] = await pair({}, { members: false })
    await member(other, 'demo', [], { TCPNET_SECRET: 'the right one' })
    const [wrong, right] = [
      await Diagnosis.of(sick, ['demo'], { TCPNET_SECRET: 'the wrong one' }),
      await Diagnosis.of(sick, ['demo'], { TCPNET_SECRET: 'the right one' })
    ]
    wrong.finds('reach', /has another secret than the given one/, /the same secret/)
    wrong.onlyWrongIn('reach')
    assert.equal(right.code, 0, right.text)
  })

  test('two clusters of one name with different security', whole, async () => {
    const [sick, other] = await pair()
    await member(other, 'demo', [], { TCPNET_SECRET: 'a secret' })
    const found = await Diagnosis.of(sick, ['demo'])
    found.finds(
      'cluster',
      /different kinds of security.*"none": .*"secret": .* at other/,
      /Give every service of the cluster the same/
    )
    found.onlyWrongIn('cluster')
  })

  test('a misspelt cluster', async () => {
    const [sick] = await pair()
    const found = await Diagnosis.of(sick, ['dmeo'])
    found.finds(
      'cluster',
      /No service of the cluster "dmeo" was found, but services of "demo": is the name misspelt\?/,
      /Give all services the same name: demo/
    )
    found.onlyWrongIn('cluster')
  })

  test('daemon missing', whole, async () => {
    const [sick] = await pair({ avahi: false }, { members: false })
    await sick.dbus.start()
    // Hidden from this host alone: its mounts are its own.
    await sick.exec(['mount', '--bind', '/dev/null', '/usr/sbin/avahi-daemon'])
    const found = await Diagnosis.of(sick)
    found.finds('daemon', /avahi-daemon is not installed/, /apt-get install avahi-daemon/)
    found.onlyWrongIn('daemon')
  })

  test('daemon elsewhere: the bus of another network namespace', whole, async () => {
    const [sick, other] = await pair({ avahi: false }, { members: false })
    const socket = `/proc/${other.dbus.pid}/root/run/dbus/system_bus_socket`
    const found = await Diagnosis.of(sick, [], { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${socket}` })
    found.finds(
      'daemon',
      /is that of another host or network namespace: it is other\d+\.local at 10\./,
      /network namespace of the services/
    )
  })

  test('the daemon announces nothing, by its configuration', whole, async () => {
    const avahi = { publish: { 'disable-publishing': true } }
    const [sick] = await pair({ avahi }, { members: false })
    const found = await Diagnosis.of(sick)
    found.finds(
      'configuration',
      /does not announce anything: disable-publishing=yes in \/run\/lab\/avahi.conf/,
      /Set it to no/
    )
  })

  test('no other host: a warning, not a fault', whole, async () => {
    const alone = await shared.lab.host('alone', { lans: [`net${++networks}`] })
    const found = await Diagnosis.of(alone)
    found.finds(
      'multicast',
      /No message of another host was received on eth0, and no other host is known there/,
      /another network or VLAN/
    )
    found.onlyWrongIn('multicast')
  })

  test('addresses of no common network', whole, async () => {
    const [sick, other] = await pair({ ipv6: false }, { members: false })
    await sick.exec(['ip', 'address', 'flush', 'dev', 'eth0'])
    await sick.exec(['ip', 'address', 'add', '192.0.2.1/24', 'dev', 'eth0'])
    await member(other)
    const found = await Diagnosis.of(sick, ['demo'])
    found.finds(
      'cluster',
      /announces no address of a network of this machine \(ERR_TCPNET_OFF_LINK\)/,
      /addresses of one network/
    )
  })

  test('Ctrl-C ends it, with nothing left announced', whole, async () => {
    const [sick, other] = await pair({}, { members: false })
    const browser = await other.run(['avahi-browse', '--parsable', '_tcpnet-doctor._tcp'])
    const program = await cli(sick, ['doctor', '--json'])
    await browser.line(/^\+;eth0;IPv4;/, 'the doctor announces nothing', SOON_MS)
    assert.deepEqual(await program.kill('SIGINT'), { code: 130, signal: null })
    await until(() => announced(browser).length === 0, 'something stays announced', SOON_MS)
    await browser.kill()
  })

  test('duplicate uuid', whole, async () => {
    const [one, other] = await pair({}, { members: false })
    const looker = await shared.lab.host('looker', { lans: [`net${networks}`] })
    // The two do not hear of each other, as on an access point that keeps its clients apart: else one of them would close.
    await one.drop({ peers: [other] })
    await Promise.all(
      [one, other].map((host) => Node.start(host, { name: 'demo', uuid: 'ABCDEF0123', driver: 'avahi' }))
    )
    const found = await Diagnosis.of(looker, ['demo'])
    found.finds('cluster', /have the same uuid ABCDEF0123: (sick|other)/, /Give each service a uuid of its own/)
    const asked = await Diagnosis.of(looker, ['demo', '--uuid', 'abcdef0123'])
    asked.finds('cluster', /A service at .* has the uuid ABCDEF0123/, /Give each service a uuid of its own/)
  })
})
