// One member of a mesh, run by bare-mesh.ts: sends every peer a greeting, and ends when it has received one of each. It
// imports the package by its name, so that it runs beside an installed tarball.
//   bare-member.js OTHERS     OTHERS is how many there are
import { tcpnet } from 'tcpnet'

const others = Number(process.argv[2])
const heard = new Set<string>()

const service = tcpnet('bare', (socket) => {
  socket.setEncoding('utf8').on('data', () => {
    heard.add(socket.peer.uuid)
    if (heard.size < others) return
    service.close(() => console.log(`heard ${heard.size} over ${service.driver}`))
  })
  socket.write('hello')
})
service.listen()
