// A chat: each line that is typed on one member is shown on all others.
//   node chat.js [NAME]
import { userInfo } from 'node:os'
import { createInterface } from 'node:readline'
import { tcpnet } from 'tcpnet'
import { receive, send } from './messages.js'

const name = process.argv[2] ?? userInfo().username

const service = tcpnet('chat', (socket) => {
  let peer = socket.peer.uuid.slice(0, 8)
  send([socket], { name })
  receive(socket, (message) => {
    if (message.name !== undefined) {
      peer = message.name
      console.log(`* ${peer} is here`)
    }
    if (message.text !== undefined) console.log(`${peer}: ${message.text}`)
  })
  socket.on('close', () => console.log(`* ${peer} is gone`))
})

createInterface({ input: process.stdin })
  .on('line', (text) => send(service.connections, { text }))
  .on('close', () => service.close())

service.listen(() => console.log(`* you are ${name}`))
