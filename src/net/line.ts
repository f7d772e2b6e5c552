import type { Socket } from 'node:net'
import { TcpnetError } from '../errors.js'

/** The longest line, its newline included, in bytes. */
export const MAX_LINE_BYTES = 4096
const NEWLINE = 0x0a

/** What {@link readLine} found. */
export type Line = string | TcpnetError | null

/** The connection ended too early. */
export function hasEnded(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_HELLO_ENDED',
    'The connection ended before its first line was complete: the other process ended, or is no tcpnet service.'
  )
}

/**
 * Reads one line from a socket that nothing reads yet, and leaves the socket as it was: not flowing, with the bytes after the
 * line still unread. `done` is called once, never from within this call; with an error if the line is too long or the socket
 * ends before the line is complete, with null if it ends before the first byte. Never destroys the socket.
 *
 * @returns a function that stops reading: `done` is not called after it
 */
export function readLine(socket: Socket, done: (line: Line) => void): () => void {
  const chunks: Buffer[] = []
  let size = 0
  let wanted = true

  const release = () => {
    socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd)
  }
  const stop = () => {
    wanted = false
    release()
  }
  // A stream without a 'readable' listener returns to its initial mode only in the next tick.
  const finish = (line: Line) => {
    release()
    process.nextTick(() => {
      if (wanted) done(line)
    })
  }
  const onReadable = () => {
    for (let chunk = read(socket); chunk !== null; chunk = read(socket)) {
      const end = chunk.indexOf(NEWLINE)
      const length = end < 0 ? chunk.length : end + 1
      size += length
      chunks.push(chunk.subarray(0, length))
      if (size > MAX_LINE_BYTES) return finish(tooLong())
      if (end < 0) continue
      if (length < chunk.length) socket.unshift(chunk.subarray(length))
      return finish(Buffer.concat(chunks).toString('utf8', 0, size - 1))
    }
  }
  const onEnd = () => {
    finish(size === 0 ? null : hasEnded())
  }

  socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd)
  return stop
}

function read(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null
}

function tooLong(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_HELLO_TOO_LONG',
    `Its first line is longer than ${MAX_LINE_BYTES} bytes: it is no tcpnet service. Check what uses that port.`
  )
}
