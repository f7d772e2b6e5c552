// A minimal TLS 1.3 server (RFC 8446) that shows any certificate and signs with any key. A server of OpenSSL refuses a
// key that is not the certificate's.
import {
  createCipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign
} from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { EXTENSIONS, readHello, readRecords } from './tls-records.js'

const X25519 = 0x001d
/**
 * The bytes of a client's Finished with its tag, which it sends if it accepts the handshake (RFC 8446 §4.4.4, §5.2).
 */
const FINISHED_BYTES = 4 + 32 + 1 + 16

export interface Copycat {
  readonly port: number
  /** Resolves with whether the client accepted the handshake. */
  readonly verdict: Promise<boolean>
  readonly server: Server
}

/** A server for one client. */
export async function copycat(certificate: Uint8Array, key: KeyObject): Promise<Copycat> {
  let settle: (content: boolean) => void = () => {}
  const verdict = new Promise<boolean>((resolve) => {
    settle = resolve
  })
  const server = createServer((socket) => serve(socket, certificate, key, settle))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, verdict, server }
}

function serve(socket: Socket, certificate: Uint8Array, key: KeyObject, settle: (content: boolean) => void): void {
  const chunks: Buffer[] = []
  let answered = false
  socket.on('error', () => {}).on('close', () => settle(false))
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    const [first, ...rest] = readRecords(bytes).filter(({ type }) => type !== 20)
    if (first === undefined || bytes.length < 5 + bytes.readUInt16BE(3)) return
    if (!answered) {
      answered = true
      socket.write(flight(first.fragment, certificate, key))
    }
    const [verdict] = rest
    if (verdict === undefined) return
    settle(verdict.type === 23 && verdict.fragment.length >= FINISHED_BYTES)
    socket.end()
  })
}

/** From ServerHello to Finished. */
function flight(clientHello: Buffer, certificate: Uint8Array, key: KeyObject): Buffer {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const shared = diffieHellman({ privateKey, publicKey: shareOf(clientHello) })
  const serverHello = message(2, serverHelloOf(clientHello, rawOf(publicKey)))
  const zeros = Buffer.alloc(32)
  const early = extract(zeros, zeros)
  const handshake = extract(expand(early, 'derived', hash()), shared)
  const secret = expand(handshake, 's hs traffic', hash(clientHello, serverHello))

  const transcript = [clientHello, serverHello, message(8, Buffer.of(0, 0))]
  const entry = Buffer.concat([sized(3, Buffer.from(certificate)), Buffer.of(0, 0)])
  transcript.push(message(11, Buffer.concat([Buffer.of(0), sized(3, entry)])))
  const context = `${' '.repeat(64)}TLS 1.3, server CertificateVerify\0`
  const signature = sign('sha256', Buffer.concat([Buffer.from(context), hash(...transcript)]), key)
  transcript.push(message(15, Buffer.concat([Buffer.of(4, 3), sized(2, signature)])))
  const finishedKey = expand(secret, 'finished', Buffer.alloc(0))
  transcript.push(
    message(
      20,
      createHmac('sha256', finishedKey)
        .update(hash(...transcript))
        .digest()
    )
  )
  const sealed = seal(secret, Buffer.concat([...transcript.slice(2), Buffer.of(22)]))
  return Buffer.concat([record(22, serverHello), record(20, Buffer.of(1)), sealed])
}

/** The client's X25519 share. */
function shareOf(clientHello: Buffer): KeyObject {
  const shares = readHello({ type: 22, fragment: clientHello }).extensions.get(EXTENSIONS.keyShare) ?? Buffer.alloc(2)
  for (let at = 2; at < shares.length; at += 4 + shares.readUInt16BE(at + 2)) {
    if (shares.readUInt16BE(at) !== X25519) continue
    const prefix = Buffer.from('302a300506032b656e032100', 'hex')
    return createPublicKey({
      key: Buffer.concat([prefix, shares.subarray(at + 4, at + 36)]),
      format: 'der',
      type: 'spki'
    })
  }
  throw new Error('the client offers no X25519')
}

function serverHelloOf(clientHello: Buffer, share: Buffer): Buffer {
  const sessionId = clientHello.subarray(38, 39 + (clientHello[38] ?? 0))
  const versions = Buffer.of(0, EXTENSIONS.supportedVersions, 0, 2, 3, 4)
  const keyShare = Buffer.concat([Buffer.of(0, EXTENSIONS.keyShare, 0, 36, 0, X25519, 0, 32), share])
  const suite = Buffer.of(0x13, 0x01, 0)
  return Buffer.concat([
    Buffer.of(3, 3),
    randomBytes(32),
    sessionId,
    suite,
    sized(2, Buffer.concat([versions, keyShare]))
  ])
}

function rawOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' }).subarray(-32)
}

function message(type: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type), sized(3, body)])
}

function record(type: number, fragment: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type, 3, 3), sized(2, fragment)])
}

function sized(bytes: number, body: Buffer): Buffer {
  const size = Buffer.alloc(bytes)
  size.writeUIntBE(body.length, 0, bytes)
  return Buffer.concat([size, body])
}

/** The first record under the secret (RFC 8446 §5.2, §7.3), with TLS_AES_128_GCM_SHA256. */
function seal(secret: Buffer, plain: Buffer): Buffer {
  const header = Buffer.concat([Buffer.of(23, 3, 3), Buffer.alloc(2)])
  header.writeUInt16BE(plain.length + 16, 3)
  const [key, nonce] = [expand(secret, 'key', Buffer.alloc(0), 16), expand(secret, 'iv', Buffer.alloc(0), 12)]
  const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(header)
  return Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function hash(...parts: Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest()
}

function extract(salt: Buffer, input: Buffer): Buffer {
  return createHmac('sha256', salt).update(input).digest()
}

/** HKDF-Expand-Label (RFC 8446 §7.1). */
function expand(secret: Buffer, label: string, context: Buffer, length = 32): Buffer {
  const size = Buffer.alloc(2)
  size.writeUInt16BE(length)
  const info = Buffer.concat([size, sized(1, Buffer.from(`tls13 ${label}`)), sized(1, context)])
  let [block, output] = [Buffer.alloc(0), Buffer.alloc(0)]
  for (let number = 1; output.length < length; number++) {
    block = createHmac('sha256', secret)
      .update(Buffer.concat([block, info, Buffer.of(number)]))
      .digest()
    output = Buffer.concat([output, block])
  }
  return output.subarray(0, length)
}
