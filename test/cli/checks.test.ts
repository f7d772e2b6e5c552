import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CHECKS } from '#tcpnet/cli/doctor/doctor.js'
import { type Finding, isWell } from '#tcpnet/cli/doctor/finding.js'
import type { DaemonState, Goal, NetworkInterface, Survey, Trial } from '#tcpnet/cli/doctor/machine.js'
import { ANSWERING, ETH0, type Facts, found, GOAL, HEALTHY, HEARD, machineWith } from './fake-machine.js'

async function diagnosed(changes: Partial<Facts>, goal: Partial<Goal> = {}): Promise<Finding[]> {
  const machine = machineWith(changes)
  // The subnets of the fake interfaces are none of this machine's.
  const all = Object.entries(CHECKS).map(([, check]) => check(machine, { ...GOAL, ...goal }))
  return (await Promise.all(all)).flat().filter(({ what }) => !what.includes('ERR_TCPNET_OFF_LINK'))
}

const wrong = (all: readonly Finding[]): Finding[] =>
  all.filter(({ severity }) => severity === 'problem' || severity === 'warning')

const daemon = (changes: Partial<DaemonState>): Partial<Facts> => ({ daemon: { ...HEALTHY.daemon, ...changes } })
const config = (line: string): Partial<Facts> =>
  daemon({ config: { file: 'avahi-daemon.conf', text: `[publish]\n# nothing=yes\n${line}\n` } })
const trial = (changes: Partial<Trial>): Partial<Facts> => ({ trial: { ...HEALTHY.trial, ...changes } })
const survey = (changes: Partial<Survey>): Partial<Facts> => ({ survey: { ...HEALTHY.survey, ...changes } })
const heard = (changes: object): Partial<Facts> => survey({ interfaces: [{ ...HEARD, ...changes }] })
const eth0 = (changes: Partial<NetworkInterface>): Partial<Facts> => ({ interfaces: [{ ...ETH0, ...changes }] })
const nft = (ruleset: string): Partial<Facts> => ({ firewall: { ...HEALTHY.firewall, nft: ruleset } })
const chain = (body: string): string => `table inet filter {\n\tchain input {\n\t\t${body}\n\t}\n}\n`
const SILENT = { unicastFrom: [], multicastFrom: [] }
const hello = (code: string, message = 'said'): Partial<Facts> => ({
  reached: [{ service: found('B2', '10.0.0.2'), address: '10.0.0.2', connect: 'ok', hello: { code, message } }]
})
const refused = (
  code: string,
  step: 'bind' | 'send' = 'send',
  by: 'unicast' | 'multicast' = 'unicast'
): Partial<Facts> =>
  survey({
    troubles: [{ interfaceName: 'eth0', family: 4, by, step, error: Object.assign(new Error(code), { code }) }]
  })

/** What is wrong, which check finds it, what it says, and what it says to do. */
const FAULTS: readonly (readonly [string, Partial<Facts>, string, RegExp, RegExp, Partial<Goal>?])[] = [
  ['the addon is missing', trial({ addonError: 'no binary' }), 'addon', /cannot be loaded.* no binary/, /Reinstall/],
  [
    'the bus denies access',
    daemon({ bus: { kind: 'denied', path: '/run/x', said: 'EACCES' } }),
    'daemon',
    /denies access to this process \(\/run\/x: EACCES\)/,
    /AppArmor/
  ],
  [
    'the bus hangs',
    daemon({ bus: { kind: 'silent', path: '/run/x', said: 'late' } }),
    'daemon',
    /bus does not answer/,
    /Restart it/
  ],
  [
    'the policy of the bus denies the daemon',
    daemon({ service: { kind: 'denied', said: 'AccessDenied' } }),
    'daemon',
    /denies this process access to avahi-daemon: AccessDenied/,
    /AppArmor/
  ],
  [
    'the daemon hangs',
    daemon({ service: { kind: 'silent', pid: 7, isStopped: false } }),
    'daemon',
    /\(process 7\), but does not answer: it hangs/,
    /systemctl restart/
  ],
  [
    'neither bus nor daemon, as in a slim container',
    daemon({ program: null, bus: { kind: 'missing', path: '/run/x', said: 'ENOENT' } }),
    'daemon',
    /not installed either/,
    /apt-get install avahi-daemon/
  ],
  ['the daemon has failed', daemon({ service: { ...ANSWERING, state: 4 } }), 'daemon', /has failed/, /journalctl/],
  [
    'another host has the name of the daemon',
    daemon({ service: { ...ANSWERING, state: 3 } }),
    'daemon',
    /same host name as another host/,
    /its own name/
  ],
  [
    'the daemon is that of another host',
    daemon({ service: { ...ANSWERING, address: '192.0.2.9' } }),
    'daemon',
    /of another host.* 192\.0\.2\.9/,
    /"embedded"/
  ],
  [
    'another host has the same name',
    daemon({ service: { ...ANSWERING, hostName: 'alpha-2.local' } }),
    'host-name',
    /another host has the name "alpha"/,
    /hostnamectl/
  ],
  ...(
    [
      ['disable-publishing=yes', /does not announce anything/, /Set it to no/],
      ['disable-user-service-publishing = yes', /does not announce the services of programs/, /Set it to no/],
      ['publish-addresses=no', /does not announce addresses/, /Set it to yes/],
      ['use-ipv4=no', /does not use IPv4/, /Set it to yes/],
      ['domain-name=example', /another domain/, /local/]
    ] as const
  ).map(([line, what, remedy]) => [`the daemon has ${line}`, config(line), 'configuration', what, remedy] as const),
  [
    'the client library is missing',
    { ...trial({ driver: 'embedded' }), listenError: { code: 'ERR_TCPNET_NO_DRIVER', message: 'no libavahi-client' } },
    'driver',
    /cannot be used: no libavahi-client/,
    /libavahi-client3/
  ],
  [
    'a service cannot listen',
    trial({ driver: null, error: { code: 'ERR_TCPNET_NO_DAEMON', message: 'gone' }, met: false }),
    'driver',
    /cannot listen here: ERR_TCPNET_NO_DAEMON/,
    /leave the driver out/
  ],
  ['services of this machine do not connect', trial({ met: false }), 'driver', /did not connect/, /NODE_DEBUG/],
  ['the clock is wrong', { now: 0 }, 'clock', /1970-01-01/, /set-ntp/],
  [
    'no interface but loopback',
    { interfaces: [] },
    'interfaces',
    /no network interface but loopback/,
    /Connect the machine/
  ],
  ['the interface is down', eth0({ up: false }), 'interfaces', /eth0 is down/, /ip link set eth0 up/],
  ['the cable is out', eth0({ running: false }), 'interfaces', /no carrier/, /Plug it in/],
  ['the interface has no address', eth0({ addresses: [] }), 'interfaces', /eth0 has no address/, /DHCP/],
  [
    'the interface does not support multicast',
    eth0({ multicast: false }),
    'interfaces',
    /does not support multicast/,
    /multicast on/
  ],
  ['the MTU is too small', eth0({ mtu: 576 }), 'interfaces', /MTU of 576/, /mtu 1500/],
  [
    'the system refuses to send',
    refused('EPERM'),
    'multicast',
    /filtered out: this machine's own firewall drops/,
    /Let out UDP/
  ],
  [
    'the driver is memory',
    trial({ driver: 'memory' }),
    'driver',
    /only services of the same process/,
    /unset TCPNET_DRIVER/,
    { driver: 'memory' }
  ],
  ['the route is a black hole', refused('EINVAL'), 'multicast', /no route for multicast on eth0/, /ip route add 224/],
  ['there is no route', refused('ENETUNREACH'), 'multicast', /no route for multicast on eth0/, /ip route add 224/],
  [
    'port 5353 is not shared',
    refused('EADDRINUSE', 'bind', 'multicast'),
    'multicast',
    /does not share port 5353/,
    /ss -ulpn/
  ],
  [
    'multicast is dropped by this machine',
    heard({ ...SILENT, heardItself: false }),
    'multicast',
    /filtered in: .*own firewall/,
    /Let in UDP/
  ],
  [
    'multicast does not arrive',
    heard({ multicastFrom: [] }),
    'multicast',
    /filtered in on eth0: 10\.0\.0\.2, fe80::2 answered/,
    /IGMP snooping/
  ],
  [
    'questions are not answered, messages of others are received',
    heard({ unicastFrom: [] }),
    'multicast',
    /filtered out on eth0: .* 10\.0\.0\.2 is heard/,
    /Let out UDP/
  ],
  [
    'questions are not answered, direct ones are',
    heard({ ...SILENT, answeredDirectly: ['10.0.0.2'] }),
    'multicast',
    /filtered out on eth0: .* asked directly/,
    /Let out UDP/
  ],
  [
    'questions are not answered, the daemon sees other services',
    { ...heard(SILENT), ...daemon({ service: { ...ANSWERING, hasHeard: [2] } }) },
    'multicast',
    /filtered out on eth0: .* the daemon has heard of 1/,
    /Let out UDP/
  ],
  [
    'nothing is received from known hosts',
    heard({ ...SILENT, neighbours: ['10.0.0.2'] }),
    'multicast',
    /filtered on eth0, in or out/,
    /Let in UDP.*Let the same out/
  ],
  [
    'answers to one-shot queries are dropped',
    heard({ unicastFrom: [], multicastAnswers: ['10.0.0.2'] }),
    'multicast',
    /Answers to one-shot queries are filtered in/,
    /udp sport 5353/
  ],
  [
    'IPv4 is filtered',
    heard({ unicastFrom: ['fe80::2'], multicastFrom: ['fe80::2'] }),
    'multicast',
    /over IPv6 only/,
    /over IPv4 as well/
  ],
  ['there is no other host', heard(SILENT), 'multicast', /No message of another host/, /VLAN/],
  [
    'own announcements are not found',
    heard({ foundTrial: false }),
    'announcement',
    /not found on eth0/,
    /disable-publishing/
  ],
  [
    'an own address cannot be dialed',
    trial({ undialable: [{ address: '10.0.0.1', code: 'ETIMEDOUT' }] }),
    'announcement',
    /own address 10\.0\.0\.1 failed: ETIMEDOUT/,
    /firewall/
  ],
  [
    'nft drops multicast DNS',
    nft(chain('type filter hook input priority 0; policy accept;\n\t\tudp dport 5353 drop')),
    'firewall',
    /multicast DNS that come in: udp dport 5353 drop/,
    /5353/
  ],
  [
    'nft drops a port',
    nft(chain('type filter hook input priority 0; policy accept;\n\t\ttcp dport { 4711, 4712 } reject')),
    'firewall',
    /TCP connections that come in/,
    /TCP ports/
  ],
  [
    'nft drops by policy',
    nft(chain('type filter hook input priority 0; policy drop;\n\t\ttcp dport 22 accept')),
    'firewall',
    /multicast DNS that come in: chain input: policy drop/,
    /5353/
  ],
  [
    'iptables drops',
    {
      firewall: {
        ...HEALTHY.firewall,
        iptables: '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p udp -m udp --dport 5353 -j DROP\n'
      }
    },
    'firewall',
    /--dport 5353 -j DROP/,
    /5353/
  ],
  [
    'no service of that name',
    survey({ services: [] }),
    'cluster',
    /No service of the cluster "demo"/,
    /Start services/
  ],
  [
    'the name is misspelt',
    survey({ services: [found('B2', '10.0.0.2', { cluster: 'dmeo' })] }),
    'cluster',
    /services of "dmeo": is the name misspelt/,
    /same name/
  ],
  [
    'all services are on this machine',
    survey({ services: [found('A1', '10.0.0.1')] }),
    'cluster',
    /are on this machine: none of another host/,
    /run this on their hosts/
  ],
  [
    'two have one uuid',
    survey({ services: [found('A1', '10.0.0.1'), found('A1', '10.0.0.2')] }),
    'cluster',
    /same uuid A1/,
    /uuid of its own/
  ],
  [
    'the uuid is taken',
    {},
    'cluster',
    /service at beta\.local port \d+ has the uuid B2/,
    /uuid of its own/,
    { uuid: 'b2' }
  ],
  [
    'security is mixed',
    survey({ services: [found('A1', '10.0.0.1'), found('B2', '10.0.0.2', { security: 'secret' })] }),
    'cluster',
    /different kinds of security/,
    /the same/
  ],
  ['a secret is given where there is none', {}, 'cluster', /A secret was given/, /none of them/, { hasSecret: true }],
  [
    'no interface has the address',
    {},
    'cluster',
    /No interface of this machine has the address/,
    /an address that this machine has/,
    { address: '192.0.2.7' }
  ],
  ['the secret is another', hello('ERR_TCPNET_TLS'), 'reach', /has another secret/, /same secret/, { hasSecret: true }],
  ['a version is another', hello('ERR_TCPNET_VERSION'), 'reach', /of this version/, /one major version/],
  ['a process hangs', hello('ERR_TCPNET_DIAL_TIMEOUT'), 'reach', /does not answer correctly/, /hangs/],
  ...(
    [
      ['ETIMEDOUT', /filtered/, /Let TCP port 4711 in/],
      ['ECONNREFUSED', /Nothing listens/, /whether the service runs/],
      ['EPERM', /own firewall/, /out/],
      ['EHOSTUNREACH', /on another link/, /same link/]
    ] as const
  ).map(
    ([connect, what, remedy]) =>
      [
        `a dial ends with ${connect}`,
        { reached: [{ service: found('B2', '10.0.0.2'), address: '10.0.0.2', connect, hello: null }] },
        'reach',
        what,
        remedy
      ] as const
  )
]

describe('a check names cause and remedy', () => {
  for (const [name, facts, check, what, remedy, goal] of FAULTS) {
    test(name, async () => {
      const all = await diagnosed(facts, goal)
      const text = JSON.stringify(wrong(all), null, 1)
      const one = wrong(all).find((finding) => finding.check === check && what.test(finding.what))
      assert.ok(one !== undefined, `no finding of ${check} says ${what}: ${text}`)
      assert.match(one.remedy ?? '', remedy)
      assert.equal(isWell(all), false)
    })
  }
})

test('a healthy machine has neither problems nor warnings', async () => {
  const all = await diagnosed({})
  assert.deepEqual(wrong(all), [])
  assert.ok(isWell(all))
})

test('every problem and warning has a remedy', async () => {
  for (const [name, facts, , , , goal] of FAULTS)
    for (const one of wrong(await diagnosed(facts, goal))) assert.ok(one.remedy !== null, `${name}: ${one.what}`)
})

test('what may be intended is a note: VPNs, other interfaces that are down, unreadable rules, an unneeded daemon', async () => {
  const none: DaemonState = { ...HEALTHY.daemon, program: null, service: { kind: 'absent' } }
  const harmless: readonly (readonly [Partial<Facts>, Partial<Goal>?])[] = [
    [{ interfaces: [ETH0, { ...ETH0, name: 'wg0', index: 3, multicast: false, addresses: [] }] }],
    [{ interfaces: [ETH0, { ...ETH0, name: 'docker0', index: 4, running: false }] }],
    [{ interfaces: [ETH0, { ...ETH0, name: 'eth1', index: 5, addresses: [] }] }],
    [{ firewall: { ...HEALTHY.firewall, nft: null, isRoot: false, ufwEnabled: true, firewalldRunning: true } }],
    [{ daemon: none, ...trial({ driver: 'embedded' }) }, { driver: 'embedded' }],
    [trial({ driver: 'embedded' })],
    [config('disallow-other-stacks=yes')],
    [config('allow-interfaces=eth0')],
    [{ platform: 'darwin' }],
    [
      {
        interfaces: [ETH0, { ...ETH0, name: 'docker0', index: 6 }],
        ...survey({ interfaces: [HEARD, { ...HEARD, ...SILENT, name: 'docker0', neighbours: ['172.17.0.2'] }] })
      }
    ]
  ]
  for (const [facts, goal] of harmless) assert.deepEqual(wrong(await diagnosed(facts, goal)), [])
})

test('rules that drop other packets cause no finding', async () => {
  for (const rule of [
    'ct state invalid drop',
    'icmp type echo-request drop',
    'udp dport 1900 drop',
    'iifname "lo" accept'
  ])
    assert.deepEqual(
      wrong(await diagnosed(nft(chain(`type filter hook input priority 0; policy accept;\n\t\t${rule}`)))),
      [],
      rule
    )
  const open = 'type filter hook input priority 0; policy drop;\n\t\tudp dport 5353 accept\n\t\ttcp dport 4711 accept'
  assert.deepEqual(wrong(await diagnosed(nft(chain(open)))), [])
})
