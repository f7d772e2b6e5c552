// A member of the cluster `ci`. With a number, it ends when it has met as many others, and fails if that takes 30 seconds.
import { tcpnet } from 'tcpnet'

const wanted = Number(process.argv[2] ?? Number.POSITIVE_INFINITY)
const service = tcpnet('ci', (socket) => {
  console.log('met', socket.peer.uuid)
  socket.resume()
  if (service.connections.length >= wanted) service.close()
})
service.listen(() => console.log('I am', service.uuid))
// A peer can be met before it is decided what `auto` takes.
const waiting = setInterval(() => {
  if (service.driver === null) return
  clearInterval(waiting)
  console.log('announced by', service.driver)
}, 10).unref()
process.once('SIGTERM', () => service.close())
if (wanted < Number.POSITIVE_INFINITY) setTimeout(() => process.exit(1), 30_000).unref()
