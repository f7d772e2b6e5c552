// The main thread and two workers, each with a service of the same cluster, in rounds: they mesh, or end before that,
// in another order each time. Prints `round N` after each; after the last one nothing keeps the process alive.
import { once } from 'node:events'
import { isMainThread, type MessagePort, parentPort, Worker } from 'node:worker_threads'
import { tcpnet } from 'tcpnet'

const ROUNDS = Number(process.argv[2])

/** A service of this thread; calls `meshed` when it is connected to the two others. */
function member(round: number, meshed: () => void) {
  const service = tcpnet(`threads-${round}`, (socket) => {
    socket.resume()
    if (service.connections.length === 2) meshed()
  })
  return service.listen()
}

function work(port: MessagePort): void {
  const service = member(Number(process.env.ROUND), () => port.postMessage('meshed'))
  port.once('message', () => service.close(() => port.close()))
}

/** Every other round does not wait for the mesh, so that browses and dials are under way at the end. */
async function round(number: number): Promise<void> {
  const env = { ...process.env, ROUND: String(number) }
  const workers = [1, 2].map(() => new Worker(new URL(import.meta.url), { env }))
  const meshes = workers.map((worker) => once(worker, 'message'))
  const own = new Promise<void>((resolve) => {
    service = member(number, resolve)
  })
  if (number % 2 === 0) await Promise.all([own, ...meshes])
  else await Promise.all(workers.map((worker) => once(worker, 'online')))

  const exits = workers.map((worker) => once(worker, 'exit'))
  const [first, second] = number % 3 === 0 ? workers : [...workers].reverse()
  if (number % 4 < 2) first?.postMessage('end')
  else await first?.terminate()
  if (number % 5 < 3) service?.close()
  await (number % 4 === 1 ? second?.terminate() : second?.postMessage('end'))
  await Promise.all(exits)
  if (number % 5 >= 3) service?.close()
  console.log('round', number)
}

let service: ReturnType<typeof tcpnet> | undefined
if (!isMainThread && parentPort !== null) work(parentPort)
else for (let number = 1; number <= ROUNDS; number++) await round(number)
