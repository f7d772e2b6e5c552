// Each node that runs this finds the others on the local network and says hello to them every second.
import { hostname } from 'node:os'
import { tcpnet } from 'tcpnet'

const service = tcpnet('demo', (socket) => {
  console.log('connected to', socket.peer.uuid)
  socket.setEncoding('utf8')
  socket.on('data', (text) => console.log(socket.peer.uuid, 'says', text.trim()))
  socket.on('close', () => console.log('lost', socket.peer.uuid))
})

let count = 0
setInterval(() => {
  count += 1
  for (const socket of service.connections) socket.write(`hello ${count} from ${hostname()}\n`)
}, 1000)

service.listen(0, process.argv[2], () =>
  console.log('I am', service.uuid, 'on', service.address().addresses.join(', '))
)
process.once('SIGINT', () => service.close(() => process.exit()))
