import { connect, type Socket } from 'node:net'
import { userInfo } from 'node:os'
import {
  type DbusCall,
  type DbusMessage,
  type DbusValue,
  decodeMessage,
  encodeCall,
  MAX_MESSAGE,
  messageLength
} from './dbus-message.js'

/** An error reply of the bus or of a service on it. */
export class BusError extends Error {
  /** `org.freedesktop.DBus.Error.AccessDenied`. */
  readonly busName: string

  constructor(name: string, message: string) {
    super(`${name}: ${message}`)
    this.busName = name
  }
}

/** No answer came in time. */
export class BusTimeout extends Error {}

/** The part of D-Bus that is needed to ask for a daemon's state: method calls, and received signals. */
export class Bus {
  readonly #socket: Socket
  readonly #waiting = new Map<number, (message: DbusMessage) => void>()
  readonly #onSignal: (message: DbusMessage) => void
  #serial = 0
  #rest: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket, onSignal: (message: DbusMessage) => void) {
    this.#socket = socket
    this.#onSignal = onSignal
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  /**
   * Connects and authenticates to a bus.
   *
   * @param path the path of its socket
   * @throws {Error} with the system's code, or the message of the bus
   */
  static async open(
    path: string,
    timeoutMs: number,
    onSignal: (message: DbusMessage) => void = () => {}
  ): Promise<Bus> {
    const socket = connect(path)
    try {
      await within(authenticated(socket), timeoutMs)
    } catch (error) {
      socket.destroy()
      throw error
    }
    socket.on('error', () => {})
    const bus = new Bus(socket, onSignal)
    try {
      await bus.call({ ...THE_BUS, member: 'Hello' }, timeoutMs)
      return bus
    } catch (error) {
      bus.close()
      throw error
    }
  }

  /** Calls a method. @throws {BusError} @throws {BusTimeout} */
  call(call: DbusCall, timeoutMs: number): Promise<readonly DbusValue[]> {
    const serial = ++this.#serial
    const answered = new Promise<readonly DbusValue[]>((resolve, reject) => {
      this.#waiting.set(serial, ({ kind, errorName, values }) => {
        if (kind === 'error') reject(new BusError(errorName, String(values[0] ?? '')))
        else resolve(values)
      })
      this.#socket.once('close', () => reject(new Error('the bus closed the connection')))
    })
    this.#socket.write(encodeCall(call, serial))
    return within(answered, timeoutMs).finally(() => this.#waiting.delete(serial))
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    for (;;) {
      const length = messageLength(this.#rest)
      if (length !== null && length > MAX_MESSAGE) return this.close()
      if (length === null || this.#rest.length < length) return
      const message = decodeMessage(this.#rest.subarray(0, length))
      this.#rest = this.#rest.subarray(length)
      if (message.kind === 'signal') this.#onSignal(message)
      else this.#waiting.get(message.replyTo)?.(message)
    }
  }
}

/** The bus itself, which is also a service. */
export const THE_BUS = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus'
} as const

/** EXTERNAL: the bus learns the user of the socket's other end from the system. */
function authenticated(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the bus closed the connection')))
    socket.on('connect', () => {
      const uid = Buffer.from(String(userInfo().uid)).toString('hex')
      socket.write(`\0AUTH EXTERNAL ${uid}\r\n`)
    })
    const onData = (chunk: Buffer) => {
      said += chunk
      if (!said.includes('\r\n')) return
      socket.off('data', onData)
      if (!said.startsWith('OK')) return reject(new BusError('rejected', said.trim()))
      socket.write('BEGIN\r\n')
      resolve()
    }
    socket.on('data', onData)
  })
}

async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BusTimeout(`no answer within ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
    promise.catch(() => {})
  }
}
