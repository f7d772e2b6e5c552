// What the examples share: messages over a socket, each a line of JSON.

const LONGEST_LINE = 65_536

/** Sends a message to each socket. */
export function send(sockets, message) {
  const line = `${JSON.stringify(message)}\n`
  for (const socket of sockets) socket.write(line)
}

/** Calls `onMessage` for each message. A peer that sends anything else is disconnected. */
export function receive(socket, onMessage) {
  let rest = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    try {
      if (rest.length > LONGEST_LINE) throw new RangeError('a line is too long')
      for (const line of lines) onMessage(JSON.parse(line))
    } catch (error) {
      console.error(`from ${socket.peer.uuid}: ${error.message}`)
      socket.destroy()
    }
  })
}
