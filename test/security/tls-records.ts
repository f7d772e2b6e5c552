// Parses TLS as on the wire (RFC 8446 §4, §5): records, and the two messages that are in clear.
import assert from 'node:assert/strict'

export interface TlsRecord {
  /** 20 change_cipher_spec, 21 alert, 22 handshake, 23 application_data, which is everything encrypted. */
  readonly type: number
  readonly fragment: Buffer
}

/** A ClientHello or ServerHello. */
export interface HelloMessage {
  /** 1 ClientHello, 2 ServerHello. */
  readonly type: number
  readonly random: Buffer
  /** ServerHello: the suite that was chosen. */
  readonly cipherSuite: number | null
  readonly extensions: ReadonlyMap<number, Buffer>
}

export const EXTENSIONS = {
  serverName: 0,
  preSharedKey: 41,
  earlyData: 42,
  supportedVersions: 43,
  keyShare: 51
}

/** The random of a ServerHello that is a HelloRetryRequest (RFC 8446 §4.1.3). */
export const HELLO_RETRY = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'

/** The stream's records. Fails at data that is not a record. The last record may be truncated. */
export function readRecords(bytes: Buffer): TlsRecord[] {
  const records: TlsRecord[] = []
  for (let at = 0; at + 5 <= bytes.length; ) {
    const [type, length] = [bytes[at] ?? 0, bytes.readUInt16BE(at + 3)]
    assert.ok(type >= 20 && type <= 23, `no TLS record at ${at}: ${bytes.subarray(at, at + 40).toString('latin1')}`)
    assert.ok(length <= 2 ** 14 + 256, 'a record is too long')
    records.push({ type, fragment: bytes.subarray(at + 5, at + 5 + length) })
    at += 5 + length
  }
  return records
}

export function readHello(record: TlsRecord | undefined): HelloMessage {
  assert.equal(record?.type, 22, 'the first record is no handshake')
  const message = record.fragment
  const type = message[0] ?? 0
  let at = 38
  at += 1 + (message[at] ?? 0)
  let cipherSuite: number | null = null
  if (type === 1) {
    at += 2 + message.readUInt16BE(at)
    at += 1 + (message[at] ?? 0)
  } else {
    cipherSuite = message.readUInt16BE(at)
    at += 3
  }
  const end = at + 2 + message.readUInt16BE(at)
  const extensions = new Map<number, Buffer>()
  for (at += 2; at < end; ) {
    const length = message.readUInt16BE(at + 2)
    extensions.set(message.readUInt16BE(at), message.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return { type, random: message.subarray(6, 38), cipherSuite, extensions }
}
