// Two services prove to each other, inside TLS, that they know the secret: CPace (draft-irtf-cfrg-cpace-21), bound to the
// channel by the acceptor's certificate. docs/security.md shows the messages.
import { TcpnetError } from '../errors.js'
import { type Line, readLine } from '../net/line.js'
import { Attempts } from './attempts.js'
import { fingerprintOf } from './certificate.js'
import type { MapToCurve } from './cpace/generator.js'
import { type Confirmations, Party, type Role } from './cpace/party.js'
import { concatenate } from './cpace/strings.js'
import { failed } from './handshake.js'
import { OtherSecretError } from './other-secret.js'
import { decodeProof, decodeShare, encodeProof, encodeShare, type Share } from './secret-messages.js'
import type { Admission } from './tls.js'

/** What a service needs for the exchange. */
export interface ExchangeOptions {
  /** The cluster's name. */
  readonly name: string
  /** This service's uuid. */
  readonly uuid: string
  /** The keys derived from its secrets, at least one: the first is used to dial. */
  readonly keys: readonly Buffer[]
  /** The fingerprint of the certificate that it presents as an acceptor. */
  readonly fingerprint: Buffer
  readonly map: MapToCurve
}

export class SecretExchange {
  readonly #options: ExchangeOptions
  readonly #attempts = new Attempts()

  constructor(options: ExchangeOptions) {
    this.#options = options
  }

  /** Ends in the handshake's `succeed` or `fail`. */
  readonly admit = (admission: Admission): void => {
    // A resumed session has no certificate to bind the proof to.
    if (admission.secured.isSessionReused()) {
      admission.handshake.fail(failed(new Error('the other side resumed a session')))
    } else if (admission.dialed === null) this.#accept(admission)
    else this.#dial(admission, admission.dialed)
  }

  /** Zeroes the keys. */
  forget(): void {
    for (const key of this.#options.keys) key.fill(0)
  }

  #party(role: Role, attempt: number, fingerprint: Buffer): Party {
    const { name, uuid, keys, map } = this.#options
    const secret = keys[attempt % keys.length]
    if (secret === undefined) throw new RangeError('there is no secret')
    return new Party({
      role,
      secret,
      channel: channelOf(name, fingerprint),
      associatedData: identityOf(role, uuid),
      map
    })
  }

  #dial(admission: Admission, peer: string): void {
    const { secured, handshake } = admission
    const certificate = secured.getPeerX509Certificate()
    if (certificate === undefined) return handshake.fail(failed(new Error('the other side showed no certificate')))
    const party = this.#party('initiator', 0, fingerprintOf(certificate.raw))
    const attempt = this.#attempts.of(peer)
    const { uuid } = this.#options
    secured.write(encodeShare({ share: Buffer.from(party.message.share), uuid, attempt }))
    readLine(secured, (line) => {
      handshake.measure()
      const theirs = shareIn(line)
      if (theirs instanceof TcpnetError) return handshake.fail(theirs)
      const confirmations = finish(party, 'responder', theirs)
      if (confirmations === null) return handshake.fail(noProof('its share is of low order'))
      handshake.succeed({
        socket: secured,
        peer: theirs.uuid,
        send: (hello) => {
          handshake.guess()
          secured.write(encodeProof(confirmations.own) + hello)
        },
        receive: (done) => this.#receive(admission, { peer, attempt, theirs, confirmations }, done)
      })
    })
  }

  /** Receives the acceptor's confirmation, and then its answer. */
  #receive({ secured, handshake, onProven }: Admission, run: DialerRun, done: (line: Line) => void): () => void {
    let stop = readLine(secured, (line) => {
      handshake.measure()
      const error = proofError(line, run.theirs.uuid, run.confirmations)
      if (error !== null) {
        this.#attempts.failed(run.peer, run.attempt)
        handshake.fail(error)
        return done(error)
      }
      this.#attempts.succeeded(run.peer, run.attempt)
      onProven(run.theirs.uuid)
      handshake.prove()
      stop = readLine(secured, done)
    })
    return () => stop()
  }

  #accept({ secured, handshake, onProven }: Admission): void {
    const { uuid, fingerprint } = this.#options
    readLine(secured, (line) => {
      handshake.measure()
      const theirs = shareIn(line)
      if (theirs instanceof TcpnetError) return handshake.fail(theirs)
      const party = this.#party('responder', theirs.attempt, fingerprint)
      const confirmations = finish(party, 'initiator', theirs)
      if (confirmations === null) return handshake.fail(noProof('its share is of low order'))
      handshake.guess()
      secured.write(encodeShare({ share: Buffer.from(party.message.share), uuid }))
      readLine(secured, (proof) => {
        handshake.measure()
        // A member that drops its dial is no failure to report; it counts as a guess all the same.
        if (proof === null) return handshake.leave()
        const error = proofError(proof, theirs.uuid, confirmations)
        if (error !== null) return handshake.fail(error)
        onProven(theirs.uuid)
        handshake.prove()
        handshake.succeed({
          socket: secured,
          peer: theirs.uuid,
          send: (answer) => secured.write(encodeProof(confirmations.own) + answer),
          receive: (done) => readLine(secured, done)
        })
      })
    })
  }
}

interface DialerRun {
  /** The uuid that was dialed. */
  readonly peer: string
  readonly attempt: number
  readonly theirs: Share
  readonly confirmations: Confirmations
}

/** CI (draft-irtf-cfrg-cpace-21 §4.1): a label, the cluster's name, and the fingerprint of the acceptor's certificate. */
export function channelOf(name: string, fingerprint: Buffer): Buffer {
  return concatenate(Buffer.from('tcpnet 1 secret'), Buffer.from(name), fingerprint)
}

/** AD (§4.1, §10.1.1): the role and the uuid. */
export function identityOf(role: Role, uuid: string): Buffer {
  return concatenate(Buffer.from(role), Buffer.from(uuid))
}

function finish(party: Party, theirRole: Role, { share, uuid }: Share): Confirmations | null {
  return party.finish({ share, associatedData: identityOf(theirRole, uuid) })
}

function shareIn(line: Line): Share | TcpnetError {
  if (line instanceof TcpnetError) return line
  if (line === null) return noProof('it closed the connection after the TLS handshake')
  return decodeShare(line) ?? noProof('its first line is no share')
}

/** @param claimed the uuid that the other side claims */
function proofError(line: Line, claimed: string, confirmations: Confirmations): TcpnetError | null {
  if (line instanceof TcpnetError) return line
  if (line === null)
    return new OtherSecretError(
      claimed,
      'it closed the connection instead of sending its proof (or its service closed)'
    )
  const tag = decodeProof(line)
  if (tag === null) return noProof('its second line is no proof')
  return confirmations.accepts(tag)
    ? null
    : new OtherSecretError(claimed, 'its proof is wrong (or a host in the middle relays the connection)')
}

function noProof(why: string): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_TLS',
    `The other side did not prove that it knows the secret: ${why}. Give every service of the cluster the same secret.`
  )
}
