// A map that all members share. Each has the whole of it; of two writes to a key, the last wins.
//   node map.js          then type: set KEY VALUE, delete KEY, show
// A write carries a logical clock (Lamport, 1978) and its writer's uuid, so that all members choose the same of two writes.
import { createInterface } from 'node:readline'
import { tcpnet } from 'tcpnet'
import { receive, send } from './messages.js'

/** By key: `{ value, time, by }`. A deleted key keeps its entry, without a value, so that an older write cannot bring it back. */
const entries = new Map()
let clock = 0

const service = tcpnet('map', (socket) => {
  // A newcomer gets everything; a member that comes back after a split gets what it has missed.
  for (const [key, entry] of entries) send([socket], { key, ...entry })
  receive(socket, ({ key, value, time, by }) => {
    clock = Math.max(clock, time)
    merge(key, { value, time, by })
  })
})

/** Takes a write, unless a later one is known. */
function merge(key, entry) {
  const known = entries.get(key)
  const isLater = known === undefined || entry.time > known.time || (entry.time === known.time && entry.by > known.by)
  if (!isLater) return
  entries.set(key, entry)
  console.log(entry.value === undefined ? `- ${key}` : `+ ${key}=${entry.value}`)
}

function write(key, value) {
  clock += 1
  const entry = { value, time: clock, by: service.uuid }
  merge(key, entry)
  send(service.connections, { key, ...entry })
}

function show() {
  const pairs = [...entries].filter(([, { value }]) => value !== undefined).map(([key, { value }]) => `${key}=${value}`)
  console.log(`{${pairs.sort().join(' ')}}`)
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [command, key, ...words] = line.split(' ')
    if (command === 'set') write(key, words.join(' '))
    else if (command === 'delete') write(key)
    else show()
  })
  .on('close', () => service.close())

service.listen(() => console.log('listening', service.uuid))
