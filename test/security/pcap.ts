// Reads a capture: the bytes of each TCP connection and direction, in the order of the stream.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

/** One direction of a TCP connection. */
export interface Stream {
  readonly from: string
  readonly to: string
  readonly bytes: Buffer
}

interface Segment {
  readonly from: string
  readonly to: string
  readonly sequence: number
  readonly isSyn: boolean
  readonly payload: Buffer
}

/** The streams in a pcap file of an Ethernet interface. Retransmitted bytes count once. */
export function readStreams(file: string): Stream[] {
  const streams = new Map<string, Segment[]>()
  for (const frame of frames(readFileSync(file))) {
    const segment = segmentOf(frame)
    if (segment === null) continue
    const key = `${segment.from} ${segment.to}`
    // Ports may be reused, so each SYN begins another stream.
    const known = streams.get(key) ?? []
    streams.set(key, [...known, segment])
  }
  return [...streams.values()].flatMap(split).map(assemble)
}

/** The frames of a pcap file (draft-ietf-opsawg-pcap), of either byte order. */
function* frames(file: Buffer): Generator<Buffer> {
  const isLittle = [0xa1b2c3d4, 0xa1b23c4d].includes(file.readUInt32LE(0))
  const read = (at: number) => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at))
  assert.equal(read(20) & 0xffff, 1, 'the capture is of an Ethernet interface')
  for (let at = 24; at + 16 <= file.length; ) {
    const captured = read(at + 8)
    assert.equal(captured, read(at + 12), 'frames were captured whole')
    if (at + 16 + captured > file.length) return
    yield file.subarray(at + 16, at + 16 + captured)
    at += 16 + captured
  }
}

/** The TCP segment in an Ethernet frame; null if there is none. IPv6 without extension headers. */
function segmentOf(frame: Buffer): Segment | null {
  const type = frame.readUInt16BE(12)
  const ip = frame.subarray(14)
  if (type === 0x0800 && ip[9] === 6) {
    const header = ((ip[0] ?? 0) & 0x0f) * 4
    const tcp = ip.subarray(header, ip.readUInt16BE(2))
    return segment(tcp, ip.subarray(12, 16).join('.'), ip.subarray(16, 20).join('.'))
  }
  if (type === 0x86dd && ip[6] === 6) {
    const tcp = ip.subarray(40, 40 + ip.readUInt16BE(4))
    return segment(tcp, ip.toString('hex', 8, 24), ip.toString('hex', 24, 40))
  }
  return null
}

function segment(tcp: Buffer, source: string, destination: string): Segment {
  return {
    from: `${source}:${tcp.readUInt16BE(0)}`,
    to: `${destination}:${tcp.readUInt16BE(2)}`,
    sequence: tcp.readUInt32BE(4),
    isSyn: ((tcp[13] ?? 0) & 0x02) !== 0,
    payload: tcp.subarray(((tcp[12] ?? 0) >> 4) * 4)
  }
}

function split(segments: readonly Segment[]): Segment[][] {
  const parts: Segment[][] = []
  for (const one of segments) {
    const isNew = one.isSyn && parts.at(-1)?.[0]?.sequence !== one.sequence
    if (isNew || parts.length === 0) parts.push([])
    parts.at(-1)?.push(one)
  }
  return parts
}

function assemble(segments: readonly Segment[]): Stream {
  const [first] = segments
  assert.ok(first !== undefined)
  const start = (first.sequence + 1) >>> 0
  const filled = segments.filter(({ payload }) => payload.length > 0)
  // The acceptor of a refused connection sends neither a SYN nor a payload.
  assert.ok(first.isSyn || filled.length === 0, 'the capture began before the connection')
  const placed = filled.map(({ sequence, payload }) => ({ at: (sequence - start) >>> 0, payload }))
  const bytes = Buffer.alloc(Math.max(0, ...placed.map(({ at, payload }) => at + payload.length)))
  for (const { at, payload } of placed) payload.copy(bytes, at)
  return { from: first.from, to: first.to, bytes }
}
