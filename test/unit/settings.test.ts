import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { checkListen, checkSettings, DRIVERS, type Settings } from '#tcpnet/settings.js'

const TYPE = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
const VALUE = { name: 'RangeError', code: 'ERR_INVALID_ARG_VALUE' }
const PORT = { name: 'RangeError', code: 'ERR_SOCKET_BAD_PORT' }

/** Settings from a caller without types. */
function settings(given: unknown): ReturnType<typeof checkSettings> {
  return checkSettings(given as Settings)
}

describe('the name of a cluster (RFC 6335 §5.1)', () => {
  for (const name of ['a', 'x1', '1x', 'my-cluster', 'a-b-c-d-e-f-g-h', '0-0-0-0-0-0-0-x', 'abcdefghijklmno']) {
    it(`may be ${name}`, () => assert.equal(checkSettings(name).name, name))
  }
  for (const name of [
    '',
    '1',
    '123-456',
    '-',
    '-a',
    'a-',
    'a--b',
    'A',
    'my_cluster',
    'my.cluster',
    'a b',
    'a\n',
    'ä',
    'abcdefghijklmnop',
    '_http',
    'constructor-name'
  ]) {
    it(`may not be ${JSON.stringify(name)}`, () => {
      assert.throws(() => checkSettings(name), VALUE)
      assert.throws(() => checkSettings({ name }), VALUE)
    })
  }
  for (const name of [undefined, null, 1, {}, ['a'], Symbol('a')]) {
    it(`may not be of the type of ${String(name)}`, () => assert.throws(() => settings({ name }), TYPE))
  }
})

describe('the settings', () => {
  let before: string | undefined
  beforeEach(() => {
    before = process.env.TCPNET_DRIVER
    delete process.env.TCPNET_DRIVER
  })
  afterEach(() => {
    if (before === undefined) delete process.env.TCPNET_DRIVER
    else process.env.TCPNET_DRIVER = before
  })

  it('have defaults', () => {
    const checked = checkSettings('a')
    assert.match(checked.uuid, /^[0-9A-F]{32}$/)
    assert.equal(checked.uuidChosen, false)
    assert.equal(checked.driver, 'auto')
    assert.equal(checked.signal, undefined)
    assert.equal(checked.firstLook, true)
    assert.equal(checked.deadPeerTimeoutMs, 5000)
    assert.equal(checkSettings({ name: 'a', deadPeerTimeout: 0 }).deadPeerTimeoutMs, 0)
    assert.equal(checked.limits.maxPeers, 1024)
    assert.equal(checked.limits.maxDials, 16)
    assert.equal(checked.limits.maxHellos, 256)
    assert.equal(checked.limits.maxHellosPerAddress, 32)
    assert.equal(checked.limits.helloTimeoutMs, 5000)
  })

  it('may all be undefined except the name', () => {
    const none = { uuid: undefined, driver: undefined, signal: undefined, maxPeers: undefined }
    const checked = checkSettings({ name: 'a', ...none })
    assert.equal(checked.uuidChosen, false)
    assert.equal(checked.driver, 'auto')
  })

  it('say how connections are secured', () => {
    assert.equal(checkSettings('a').security.mode, 'none')
    assert.equal(checkSettings({ name: 'a', secret: 'x' }).security.mode, 'secret')
    assert.equal(checkSettings({ name: 'a', secret: ['x', new Uint8Array(32)] }).security.mode, 'secret')
  })

  it('give the uuid in upper case, its leading zeros kept', () => {
    const checked = checkSettings({ name: 'a', uuid: '00ab' })
    assert.equal(checked.uuid, '00AB')
    assert.equal(checked.uuidChosen, true)
  })

  it('take a UUID of RFC 9562 as the uuid, and drop its dashes', () => {
    const uuid = crypto.randomUUID()
    assert.equal(checkSettings({ name: 'a', uuid }).uuid, uuid.replaceAll('-', '').toUpperCase())
    for (const wrong of ['ab-cd', `${uuid}-`, uuid.slice(1), `{${uuid}}`])
      assert.throws(() => checkSettings({ name: 'a', uuid: wrong }), { code: 'ERR_INVALID_ARG_VALUE' })
  })

  for (const driver of DRIVERS) {
    it(`take the driver ${driver}, from the setting or else from TCPNET_DRIVER`, () => {
      assert.equal(checkSettings({ name: 'a', driver }).driver, driver)
      process.env.TCPNET_DRIVER = driver
      assert.equal(checkSettings('a').driver, driver)
      assert.equal(checkSettings({ name: 'a', driver: 'memory' }).driver, 'memory')
    })
  }

  it('fail with an error that names TCPNET_DRIVER if that is wrong', () => {
    process.env.TCPNET_DRIVER = 'bogus'
    assert.throws(() => checkSettings('a'), {
      ...VALUE,
      message: /TCPNET_DRIVER.*auto, avahi, bonjour, embedded, mdns, memory/
    })
    process.env.TCPNET_DRIVER = ''
    assert.equal(checkSettings('a').driver, 'auto')
  })

  it('fail with an error that says what is wrong', () => {
    assert.throws(() => checkSettings({ name: 'a', maxPeers: Number.NaN }), { message: /maxPeers.*Received NaN\.$/ })
    assert.throws(() => checkSettings({ name: 'a', uuid: 'ab-cd' }), { message: /a UUID, or 1 to 63 hexadecimal/ })
    assert.throws(
      () => checkSettings({ name: 'a'.repeat(1_000_000) }),
      ({ message }: Error) => message.length < 500
    )
  })

  const wrong: [string, unknown, object][] = [
    ['nothing', undefined, TYPE],
    ['null', null, TYPE],
    ['a number', 1, TYPE],
    ['a function', () => {}, TYPE],
    ['an array', [], TYPE],
    ['a setting that is unknown', { name: 'a', Secret: 'x' }, VALUE],
    ['an empty object', {}, TYPE],
    ['a uuid that is a number', { name: 'a', uuid: 10 }, TYPE],
    ['a uuid that is null', { name: 'a', uuid: null }, TYPE],
    ['a uuid that is empty', { name: 'a', uuid: '' }, VALUE],
    ['a uuid with dashes', { name: 'a', uuid: 'a-b' }, VALUE],
    ['a uuid of 64 digits', { name: 'a', uuid: 'a'.repeat(64) }, VALUE],
    ['a driver that is unknown', { name: 'a', driver: 'toString' }, VALUE],
    ['a driver that is no string', { name: 'a', driver: null }, TYPE],
    ['a signal that is none', { name: 'a', signal: {} }, TYPE],
    ['a signal that is null', { name: 'a', signal: null }, TYPE],
    ['no peers', { name: 'a', maxPeers: 0 }, VALUE],
    ['half a peer', { name: 'a', maxPeers: 0.5 }, VALUE],
    ['endless peers', { name: 'a', maxPeers: Number.POSITIVE_INFINITY }, VALUE],
    ['peers as text', { name: 'a', maxPeers: '5' }, TYPE],
    ['a first look that is neither on nor off', { name: 'a', firstLook: 1 }, TYPE],
    ['a dead peer at once', { name: 'a', deadPeerTimeout: 1 }, VALUE],
    ['a dead peer before it lived', { name: 'a', deadPeerTimeout: -1 }, VALUE],
    ['a dead peer after more than a day', { name: 'a', deadPeerTimeout: 86_400_001 }, VALUE],
    ['a dead peer as text', { name: 'a', deadPeerTimeout: '5s' }, TYPE]
  ]
  for (const [name, given, error] of wrong) {
    it(`may not be ${name}`, () => assert.throws(() => settings(given), error))
  }
})

describe('the arguments of listen', () => {
  const callback = () => {}
  const { signal } = new AbortController()
  const ALL = '0.0.0.0'
  const right: [string, unknown[], object][] = [
    ['()', [], { port: 0, address: ALL }],
    ['(callback)', [callback], { port: 0, address: ALL, callback }],
    ['(port)', [80], { port: 80, address: ALL }],
    ['(port, callback)', [80, callback], { port: 80, address: ALL, callback }],
    ['(port, address)', [80, '::1'], { port: 80, address: '::1' }],
    ['(port, address, callback)', [80, '::1', callback], { port: 80, address: '::1', callback }],
    ['(undefined, undefined, undefined)', [undefined, undefined, undefined], { port: 0, address: ALL }],
    ['(null, null, callback)', [null, null, callback], { port: 0, address: ALL, callback }],
    ['(undefined, address)', [undefined, 'localhost'], { port: 0, address: 'localhost' }],
    ['(port as text)', ['8080'], { port: 8080, address: ALL }],
    ['(lowest and highest port)', [65535], { port: 65535, address: ALL }],
    ['({})', [{}], { port: 0, address: ALL }],
    ['({ port })', [{ port: '1' }], { port: 1, address: ALL }],
    ['({ address })', [{ address: '::' }], { port: 0, address: '::' }],
    ['({ signal }, callback)', [{ signal }, callback], { port: 0, address: ALL, signal, callback }],
    ['({ null }, undefined)', [{ port: null, address: null }, undefined], { port: 0, address: ALL }]
  ]
  for (const [form, args, expected] of right) {
    it(`may be ${form}`, () => {
      assert.deepEqual(checkListen(args), { signal: undefined, callback: undefined, ...expected })
    })
  }

  const wrong: [string, unknown[], object][] = [
    ['(-1)', [-1], PORT],
    ['(65536)', [65536], PORT],
    ['(1.5)', [1.5], PORT],
    ['(NaN)', [Number.NaN], PORT],
    ['(port as no number)', ['http'], PORT],
    ['(port as hexadecimal)', ['0x50'], PORT],
    ['(port as empty text)', [''], PORT],
    ['(port as text, too large)', ['65536'], PORT],
    ['(true)', [true], TYPE],
    ['(symbol)', [Symbol('x')], TYPE],
    ['(bigint)', [1n], TYPE],
    ['(port, 1)', [0, 1], TYPE],
    ['(port, {})', [0, {}], TYPE],
    ['(port, empty address)', [0, ''], VALUE],
    ['(port, multicast address)', [0, '239.1.2.3'], VALUE],
    ['(port, IPv6 multicast address)', [0, 'ff02::1'], VALUE],
    ['(port, address as a number)', [0, 5], TYPE],
    ['(port, address, no callback)', [0, '::1', 5], TYPE],
    ['(port, address, null)', [0, '::1', null], TYPE],
    ['(callback, callback)', [callback, callback], TYPE],
    ['({ port: -1 })', [{ port: -1 }], PORT],
    ['({ port: {} })', [{ port: {} }], TYPE],
    ['({ address: 1 })', [{ address: 1 }], TYPE],
    ['({ signal: 1 })', [{ signal: 1 }], TYPE],
    ['({}, no callback)', [{}, 'x'], TYPE],
    ['([])', [[80]], TYPE],
    ['({ host })', [{ port: 80, host: '127.0.0.1' }], VALUE],
    ['({ adress })', [{ adress: '127.0.0.1' }], VALUE]
  ]
  for (const [form, args, error] of wrong) {
    it(`may not be ${form}`, () => assert.throws(() => checkListen(args), error))
  }

  it('fail with an error that says what is wrong', () => {
    assert.throws(() => checkListen([70_000]), { message: /"port".*0 to 65535.*70000/ })
    assert.throws(() => checkListen([0, 1]), { message: /"address".*number/ })
    assert.throws(() => checkListen([{ host: 'localhost' }]), { message: /port, address, signal.*'host'/ })
  })
})
