import { TcpnetError } from '../errors.js'
import type { RefusalReason } from './hello.js'

// Why a dial failed. The messages do not name the peer: the dial adds it, with its addresses and port.

const REFUSALS: Record<RefusalReason, string> = {
  version: 'it speaks another version of the hello: use one major version of tcpnet in a cluster',
  invalid: 'it found a field of our hello wrong: use one major version of tcpnet in a cluster',
  name: 'it belongs to a cluster of another name: the announcement is stale',
  'not-me': 'it has another uuid: the announcement is stale',
  self: 'it has our own uuid: give every service a uuid of its own',
  full: 'it has as many peers as its setting maxPeers allows: raise that setting',
  busy: 'too many inbound connections wait for its answer: it is dialed again',
  unwanted: 'its application does not want a connection with this service (its setting shouldConnect)'
}

export function refusal(reason: RefusalReason | null): TcpnetError {
  const said = reason === null ? 'it gave no reason' : REFUSALS[reason]
  return new TcpnetError(
    reason === 'unwanted' ? 'ERR_TCPNET_UNWANTED' : 'ERR_TCPNET_REFUSED',
    `It refused the connection: ${said}.`
  )
}

/** @param wasSent whether our hello was sent */
export function tooLate(waitedMs: number, wasSent: boolean): TcpnetError {
  const what = wasSent
    ? `It did not answer the hello within ${waitedMs} ms: its process hangs. Check that process.`
    : `It could not be reached within ${waitedMs} ms: a firewall drops packets to that TCP port, or its host is gone or hangs.`
  return new TcpnetError('ERR_TCPNET_DIAL_TIMEOUT', `${what} It is dialed again while it is announced.`)
}

export function offLink(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_OFF_LINK',
    'It announces no address in a subnet of the interface on which it is seen: it is not dialed, but may dial this service. ' +
      'Give both hosts addresses of one network, or enable IPv6.'
  )
}

export function notLocated(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_DIAL_TIMEOUT',
    'It is announced, but neither its host nor the DNS-SD daemon answered with its address and port: a firewall drops UDP ' +
      'of port 5353, or its host is gone or hangs. It is dialed again while it is announced.'
  )
}

export function notAccepted(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_TLS',
    'It closed the connection after the TLS handshake, without an answer: it does not accept our certificate, or is ' +
      'closing. Its "rejected" event says which.'
  )
}
