// One member of a mesh of two, run by lab-mesh.ts on a host of the laboratory: sends its peer a greeting, prints the
// one that it gets, and ends by itself. It imports the package by its name, so that it runs in this folder and beside
// an installed tarball.
import tcpnet, { type PeerSocket } from 'tcpnet'

const service = tcpnet('runtimes', (socket: PeerSocket) => {
  socket.end(`hello from ${service.uuid}\n`)
  socket.on('data', (data) => process.stdout.write(`heard ${data}`))
  socket.on('close', () => service.close(() => console.log('closed')))
})
service.listen()
