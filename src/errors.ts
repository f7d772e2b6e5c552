import { inspect } from 'node:util'

/**
 * Every error code of tcpnet, and its meaning. docs/errors.md has the same list with what to do about each code; a test
 * compares the two. Errors of the operating system (`EADDRINUSE`, `ECONNREFUSED`, ...) keep their own codes.
 */
export const ERROR_CODES = {
  // Thrown.
  ERR_TCPNET_LISTEN_TWICE: 'listen() was called on a service that listens, did so before, or was closed',
  ERR_TCPNET_NO_TLS: 'this runtime does not verify certificates as the setting tls needs it',
  // Passed to one-time listeners for `error`: `once(service, 'listening')` of node:events rejects with it.
  ERR_TCPNET_CLOSED: 'the service closed while something waited for it to listen',
  // Emitted as `error`.
  ERR_TCPNET_ADDON: 'the native addon is missing for this platform, or does not load',
  ERR_TCPNET_NO_DRIVER: 'the library of the driver that was asked for is missing',
  ERR_TCPNET_NO_DAEMON: 'the DNS-SD daemon is not running, or does not answer',
  ERR_TCPNET_DAEMON_REFUSED: 'the DNS-SD daemon refuses the announcement, or does not publish it within 30 seconds',
  ERR_TCPNET_NO_INTERFACE: 'no interface has the address that the service listens on any more',
  ERR_TCPNET_MDNS_PORT: 'another program uses the port of multicast DNS, UDP 5353, exclusively',
  ERR_TCPNET_UUID_CONFLICT: 'another live service on the network has this uuid',
  ERR_TCPNET_DIAL_TIMEOUT: 'a peer could not be reached, or did not answer, in time',
  ERR_TCPNET_OFF_LINK: 'a peer announces no address of a network that this machine is in',
  ERR_TCPNET_REFUSED: 'a peer refused the connection',
  // In `peers`.
  ERR_TCPNET_ENDED_EARLY: 'a connection with a peer ended within 15 seconds, and is made again',
  // Emitted as `rejected`, or, for a peer that was dialed, as `error` with err.peer.
  ERR_TCPNET_HELLO_TIMEOUT: 'an inbound connection sent no complete hello in time',
  ERR_TCPNET_HELLO_INVALID: 'the first line is no hello, or has a field of the wrong form',
  ERR_TCPNET_HELLO_TOO_LONG: 'the first line is longer than 4096 bytes',
  ERR_TCPNET_HELLO_ENDED: 'the connection ended in the middle of the hello',
  ERR_TCPNET_TLS: 'the TLS handshake failed: the two sides have no secret, or no authority, in common',
  ERR_TCPNET_SECURITY: 'one side secures its connections and the other does not, or in another way',
  ERR_TCPNET_VERSION: 'the other side speaks another version of the hello',
  ERR_TCPNET_NAME: 'the hello is for a cluster of another name',
  ERR_TCPNET_NOT_ME: 'the hello is for a service of another uuid',
  ERR_TCPNET_SELF: 'the hello claims the uuid of the service that it reached',
  ERR_TCPNET_FULL: 'as many peers as maxPeers are connected already',
  ERR_TCPNET_UNWANTED:
    'the application of one side does not want the connection: its setting shouldConnect returns false',
  ERR_TCPNET_BUSY: 'too many inbound connections wait, or handshakes without proof have cost too much'
} as const

/** An error code of tcpnet. */
export type ErrorCode = keyof typeof ERROR_CODES

/** The codes whose cause is in the machine or the network: their messages name the command that searches for it. */
const DIAGNOSED: readonly ErrorCode[] = [
  'ERR_TCPNET_NO_DRIVER',
  'ERR_TCPNET_NO_DAEMON',
  'ERR_TCPNET_DAEMON_REFUSED',
  'ERR_TCPNET_DIAL_TIMEOUT',
  'ERR_TCPNET_OFF_LINK'
]

/** An error with one of tcpnet's codes. Its message says what to do next. */
export class TcpnetError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(pointing(code, message), cause === undefined ? undefined : { cause })
    this.name = 'TcpnetError'
    this.code = code
  }
}

const POINTER = ' "npx tcpnet doctor" looks for the cause.'

/** Adds the pointer, unless the message has it already: a message may be wrapped in a longer one. */
function pointing(code: ErrorCode, message: string): string {
  return DIAGNOSED.includes(code) && !message.endsWith(POINTER) ? message + POINTER : message
}

/** A TypeError with Node's code for an argument of the wrong type. */
export function invalidType(argument: string, expected: string, value: unknown): TypeError {
  const got = value === null ? 'null' : typeof value
  const error = new TypeError(`The "${argument}" argument must be ${expected}. Received ${got}.`)
  return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' })
}

/** A RangeError with Node's code for an argument of the wrong value. */
export function invalidValue(argument: string, rule: string, value: unknown): RangeError {
  const received = inspect(value, { depth: 0, maxStringLength: 100 })
  const error = new RangeError(`The "${argument}" argument ${rule}. Received ${received}.`)
  return Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' })
}

/** A TypeError with Node's code for a function of the application that returned a value of the wrong type. */
export function invalidReturn(name: string, expected: string, value: unknown): TypeError {
  const got = value instanceof Promise ? 'a promise' : value === null ? 'null' : typeof value
  const error = new TypeError(`The function "${name}" must return ${expected}. It returned ${got}.`)
  return Object.assign(error, { code: 'ERR_INVALID_RETURN_VALUE' })
}

/** A RangeError with Node's code for a port outside of 0 to 65535. */
export function badPort(value: unknown): RangeError {
  const error = new RangeError(`The "port" argument must be a whole number from 0 to 65535. Received ${String(value)}.`)
  return Object.assign(error, { code: 'ERR_SOCKET_BAD_PORT' })
}

/** The daemon reports that another service has a uuid that was made at random. */
export function falseConflict(uuid: string): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_UUID_CONFLICT',
    `The DNS-SD daemon reports that another service has the uuid ${uuid}. It was made at random, so that no other service can ` +
      'have it: a host on the network sends false packets. Find and stop that host.'
  )
}

/** Another live service on the network has the uuid that the settings of this service name. */
export function uuidConflict(uuid: string): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_UUID_CONFLICT',
    `Another service on the network has the uuid ${uuid}: give each service its own, or leave out the setting "uuid".`
  )
}

/** The port of multicast DNS cannot be shared. */
export function mdnsPortTaken(cause: Error): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_MDNS_PORT',
    'Another program uses UDP port 5353, that of multicast DNS, exclusively. If it is avahi-daemon, set ' +
      '"disallow-other-stacks=no" in avahi-daemon.conf, or use the driver "avahi"; else end the program ' +
      '("ss -ulpn" shows which it is).',
    cause
  )
}

/** The service closed while something waited for `listening`. */
export function closedEarly(reason: string): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_CLOSED',
    `The service closed before it was listening: ${reason}. Make another service with tcpnet() to listen again.`
  )
}

/** listen() was called twice, or after close(). */
export function listenTwice(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_LISTEN_TWICE',
    'A service listens only once, and not after close(): make another service with tcpnet() to listen again.'
  )
}
