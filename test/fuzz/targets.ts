// What reads from the network, each as a function of bytes for a fuzzer (scripts/fuzz) and for the corpus that it left
// (corpus.long.test.ts). A target throws where a promise is broken, not where its input is.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { isIP } from 'node:net'
import { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { Instance } from '#tcpnet/discovery/discovery.js'
import { instancesIn } from '#tcpnet/discovery/dns-message.js'
import { type DnsMessage, decodeMessage } from '#tcpnet/discovery/dns-reader.js'
import { readMessage, responsesWith } from '#tcpnet/discovery/drivers/embedded/messages.js'
import { instanceOf, joined, MAX_PATHS } from '#tcpnet/discovery/instance.js'
import { Sightings } from '#tcpnet/discovery/sightings.js'
import { joinTxt, parseTxt, splitTxt } from '#tcpnet/discovery/txt.js'
import { TcpnetError } from '#tcpnet/index.js'
import { decodeAnswer, decodeHello, encodeAnswer, encodeHello } from '#tcpnet/mesh/hello.js'
import { dialable, isLinkLocal, isLoopback, isWildcard, splitScope } from '#tcpnet/net/addresses.js'
import { MAX_LINE_BYTES, readLine } from '#tcpnet/net/line.js'
import { decodeProof, decodeShare, encodeProof, encodeShare } from '#tcpnet/security/secret-messages.js'
import { isHigher, parseUuid } from '#tcpnet/uuid.js'
import { FuzzedLink, messageOf } from './link.js'

/** No message may carry what a stranger wrote at any length. */
const LONGEST_MESSAGE = 400
const UUID = /^[0-9A-F]{1,63}$/

function isBrief(error: Error): true {
  assert.ok(error.message.length <= LONGEST_MESSAGE, 'a message without bound')
  return true
}

export function hello(data: Buffer): void {
  const read = decodeHello(data.toString())
  if (read instanceof TcpnetError) return void isBrief(read)
  assert.match(read.from, UUID)
  assert.match(read.to, UUID)
  assert.match(read.boot, /^[0-9a-f]{16}$/)
  assert.ok(Number.isSafeInteger(read.seq) && read.seq >= 0)
  assert.deepEqual(decodeHello(encodeHello(read)), read)
}

export function answer(data: Buffer): void {
  const read = decodeAnswer(data.toString())
  if (read instanceof TcpnetError) return void isBrief(read)
  assert.deepEqual(decodeAnswer(encodeAnswer(read)), read)
}

/** The lines that come before the hello with a secret. */
export function share(data: Buffer): void {
  const read = decodeShare(data.toString())
  if (read === null) return
  assert.match(read.uuid, UUID)
  assert.ok(read.share.length === 32 && Number.isInteger(read.attempt) && read.attempt >= 0)
  assert.deepEqual(decodeShare(encodeShare(read)), read)
}

export function proof(data: Buffer): void {
  const read = decodeProof(data.toString())
  if (read !== null) assert.deepEqual(decodeProof(encodeProof(read)), read)
}

/** The first byte says in how large pieces the rest arrives. */
export async function line(data: Buffer): Promise<void> {
  const [pieces = 1, ...rest] = data
  const sent = Buffer.from(rest)
  const stream = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() })
  let calls = 0
  let read: unknown
  readLine(stream as unknown as Socket, (found) => {
    calls++
    read = found
  })
  for (let at = 0; at < sent.length; at += pieces + 1) {
    stream.push(sent.subarray(at, at + pieces + 1))
    if (pieces % 2 === 0) await setImmediate()
  }
  stream.push(null)
  for (let turns = 0; calls === 0 && turns < 10; turns++) await setImmediate()
  assert.equal(calls, 1, 'done is called once')
  const end = sent.indexOf('\n')
  if (end >= 0 && end < MAX_LINE_BYTES) {
    assert.equal(read, sent.toString('utf8', 0, end))
    const left = await stream.toArray()
    assert.deepEqual(Buffer.concat(left as Buffer[]), sent.subarray(end + 1), 'what follows is the application’s')
  } else if (sent.length === 0) {
    assert.equal(read, null)
  } else {
    assert.ok(read instanceof TcpnetError && isBrief(read))
  }
}

export function txt(data: Buffer): void {
  const strings = splitTxt(data)
  assert.ok(strings.every((string) => string.length > 0))
  const pairs = parseTxt(strings)
  assert.equal(Object.getPrototypeOf(pairs), null)
  for (const [key, value] of Object.entries(pairs)) assert.ok(key !== '' && typeof value === 'string')
  // What is no UTF-8 becomes longer: only what came through unchanged can be put together again.
  if (strings.every((string) => Buffer.byteLength(string) <= 255)) {
    assert.deepEqual(splitTxt(joinTxt(strings)), strings)
  }
}

/** Two names, with a zero byte between them. */
export function uuid(data: Buffer): void {
  const names = data.toString().split('\0')
  const [one, other] = [parseUuid(names[0] ?? ''), parseUuid(names[1] ?? '')]
  for (const parsed of [one, other]) {
    if (parsed === null) continue
    assert.match(parsed, UUID)
    assert.equal(parseUuid(parsed), parsed)
    assert.equal(isHigher(parsed, parsed), false)
  }
  if (one !== null && other !== null && one !== other) assert.notEqual(isHigher(one, other), isHigher(other, one))
}

/** Addresses, with a zero byte between them. */
export function address(data: Buffer): void {
  const addresses = data.toString().split('\0')
  for (const one of addresses) {
    const { bare, scope } = splitScope(one)
    assert.equal(scope === null ? bare : `${bare}%${scope}`, one)
    if (isWildcard(one) || isLoopback(one)) assert.notEqual(isIP(one), 0)
    isLinkLocal(one)
  }
  const paths = addresses.map((one, at) => ({ interfaceIndex: at % 3, family: 6 as const, address: one }))
  const result = dialable(paths)
  assert.ok(result.length <= paths.length)
  assert.equal(new Set(result.map((one) => one.address)).size, result.length)
}

function isInstance({ uuid, host, port, txt, paths }: Instance): true {
  assert.match(uuid, UUID)
  assert.ok(host.length <= 256 && !/[\p{C}\p{Zl}\p{Zp}]/u.test(host), 'a host name that cannot be shown')
  assert.ok(Number.isInteger(port) && port >= 1 && port <= 65535)
  assert.ok(Object.keys(txt).every((key) => key === 'v' || key === 'sec'))
  assert.ok(Object.values(txt).every((value) => value.length <= 12))
  assert.ok(paths.length >= 1 && paths.length <= MAX_PATHS)
  for (const path of paths) assert.equal(isIP(path.address), path.family)
  return true
}

/** A DNS message, as the first look gets it. */
export function firstLook(data: Buffer): void {
  let packet: DnsMessage
  try {
    packet = decodeMessage(data)
  } catch (error) {
    assert.ok(error instanceof Error)
    return
  }
  const records = [packet.answers, packet.authorities, packet.additionals].flat()
  assert.ok(records.length <= data.length / 11, 'more records than the message can hold')
  const found = instancesIn(packet, {
    type: '_fuzz._tcp.local',
    interfaceIndex: 1,
    fromThisMachine: true,
    anyAddress: data.length % 2 === 0
  })
  assert.ok(found.length <= data.length)
  assert.ok(found.every(isInstance))
}

/**
 * What a daemon tells, one event a line: the names that are seen and gone (f, l), with where they are (f), the beginning (b)
 * and outages (s, d). The promises of the contract hold whatever that is.
 */
export function daemon(data: Buffer): void {
  const known = new Set<string>()
  const places = new Map<string, Instance>()
  const sightings = new Sightings({
    seen: (uuid) => {
      assert.ok(!known.has(uuid), 'seen twice')
      known.add(uuid)
    },
    gone: (uuid) => assert.ok(known.delete(uuid), 'gone and not seen')
  })
  for (const text of data.toString().split('\n')) {
    const [kind = '', name = '', ...where] = text.split('|')
    const uuid = parseUuid(name)
    if (kind === 'f' && uuid !== null) {
      sightings.seen(uuid)
      locate(uuid, where, places)
    }
    if (kind === 'l' && uuid !== null) sightings.gone(uuid)
    if (kind === 'b') sightings.begin()
    if (kind === 's') sightings.doubt()
    if (kind === 'd') sightings.dropDoubted()
  }
  sightings.begin()
  sightings.doubt()
  sightings.dropDoubted()
  assert.equal(known.size, 0, 'names that were not seen again are gone')
}

/** An answer of the daemon's, and what it and an earlier one say together. */
function locate(uuid: string, where: readonly string[], places: Map<string, Instance>): void {
  const [index = '', host = '', port = '', strings = '', addresses = ''] = where
  const paths = addresses.split(',').map((scoped) => {
    const { bare: address } = splitScope(scoped)
    const family = index.startsWith('6') ? 6 : 4
    return { interfaceIndex: index.length % 4, family, address, origin: 'unknown' } as const
  })
  const instance = instanceOf(uuid, { host, port: Number(port), txt: strings.split(','), paths })
  if (instance === null) return
  isInstance(instance)
  const both = joined(places.get(uuid) ?? null, instance, { sec: 'none' })
  isInstance(both)
  assert.equal(new Set(both.paths.map((path) => `${path.interfaceIndex} ${path.address}`)).size, both.paths.length)
  places.set(uuid, both)
}

/** A message, as the driver embedded gets it. */
export function packet(data: Buffer): void {
  const message = messageOf(data)
  if (message === null) return
  const { questions, answers, authorities, additionals } = message
  assert.ok(questions.length * 5 + (answers.length + authorities.length + additionals.length) * 11 <= data.length)
  const again = responsesWith(answers, additionals).flatMap((bytes) => readMessage(bytes).answers)
  assert.ok(again.length <= answers.length)
}

/** Messages to the driver embedded, each after a byte with how long it takes to come, one with where it comes from, and two with its length. */
export function packets(data: Buffer): void {
  const link = new FuzzedLink()
  for (let at = 0; at + 4 <= data.length; ) {
    const [wait = 0, from = 0] = data.subarray(at)
    const end = at + 4 + data.readUInt16BE(at + 2)
    link.pass(wait * 20)
    link.hear(data.subarray(at + 4, end), from % 2 === 0 ? 5353 : 1024 + from, from < 128)
    at = end
  }
  link.end()
}
