// One member of the mesh of rolling.ts, on any runtime. Arguments: its uuid, its secrets as JSON. It prints a line for
// each connection that begins or ends, and closes when its standard input ends.
import { tcpnet } from 'tcpnet'

const [uuid = '', secrets = '[]'] = process.argv.slice(2)
const service = tcpnet({ name: 'rolling', uuid, secret: JSON.parse(secrets) as string[] }, (socket) => {
  const { peer } = socket
  console.log('up', peer.uuid)
  socket.resume().on('close', () => console.log('down', peer.uuid))
})
service.on('error', () => {})
service.listen()
process.stdin.resume().on('end', () => service.close(() => process.exit()))
