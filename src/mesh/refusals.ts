import type { Socket } from 'node:net'
import { TcpnetError } from '../errors.js'
import { canonical } from '../net/addresses.js'
import { formatEndpoint } from './format-endpoint.js'

/** Where a rejected connection came from. */
export interface RejectInfo {
  /** The other end's address: IPv4 in dotted form, link-local with its scope; undefined if the connection had closed. */
  readonly remoteAddress: string | undefined
  /** The other end's port; undefined if the connection had closed. */
  readonly remotePort: number | undefined
  /** The uuid that it claimed, if its hello could be read. */
  readonly uuid: string | undefined
}

export function infoOf(socket: Socket, uuid?: string): RejectInfo {
  const { remoteAddress, remotePort } = socket
  return { remoteAddress: remoteAddress && canonical(remoteAddress), remotePort, uuid }
}

/** Reports a refused connection, with an error that names the other end. */
export function reportRejected(
  { onRejected }: { readonly onRejected: (error: TcpnetError, info: RejectInfo) => void },
  error: TcpnetError,
  info: RejectInfo
): void {
  const { remoteAddress, remotePort, uuid } = info
  const from = remoteAddress === undefined ? '' : ` from ${formatEndpoint(remoteAddress, remotePort)}`
  const claim = uuid === undefined ? '' : ` that claims the uuid ${uuid}`
  const message = `Refused a connection${from}${claim}. ${error.message}`
  onRejected(new TcpnetError(error.code, message, error.cause), info)
}

export function misdirected(code: 'ERR_TCPNET_NAME' | 'ERR_TCPNET_NOT_ME', addressee: string): TcpnetError {
  return new TcpnetError(code, `Its hello is for ${addressee}. A stale or false announcement led it here.`)
}

// One function for each code, although they are alike: each call names what happened.
export function ownUuid(): TcpnetError {
  return new TcpnetError('ERR_TCPNET_SELF', 'That is the uuid of this service. Give every service a uuid of its own.')
}

export function otherUuid(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_HELLO_INVALID',
    'Its hello claims another uuid than it has proven: it is no tcpnet service, or a modified one. Check what connects to ' +
      'this port.'
  )
}

export function tooSilent(waitedMs: number): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_HELLO_TIMEOUT',
    `It sent no complete hello within ${waitedMs} ms: it is no tcpnet service, or hangs. Check what connects to this port.`
  )
}

export function busy(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_BUSY',
    'Too many inbound connections wait for their hello. Check what connects to this port.'
  )
}

export function unwanted(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_UNWANTED',
    "This service's setting shouldConnect returns false for the peer. It is called again before the next dial, and when " +
      'the peer dials.'
  )
}

export function full(maxPeers: number): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_FULL',
    `${maxPeers} peers are connected already. Raise maxPeers for a larger cluster.`
  )
}
