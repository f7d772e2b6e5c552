// A work queue: each line that is typed is a job. It is given to the leader, the member with the lowest uuid, which gives it to
// a member that is free, itself included. A job is done at least once: when the leader is gone, the next one gets it.
//   node queue.js
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { tcpnet } from 'tcpnet'
import { receive, send } from './messages.js'

/** Jobs that were typed here and are not done, by id: `{ id, job, leader }`. */
const mine = new Map()
/** Jobs that this member was given as the leader, by id: `{ id, job, owner, worker }`. `worker` is null while nobody has it. */
const queue = new Map()
let count = 0

const service = tcpnet('queue', (socket) => {
  receive(socket, (message) => onMessage(socket.peer.uuid, message))
  socket.on('close', () => onGone(socket.peer.uuid))
  console.log(`members: ${members().length}`)
  assign()
})

const members = () => [service.uuid, ...service.connections.map((socket) => socket.peer.uuid)]
const leader = () => members().sort()[0]

function tell(uuid, message) {
  if (uuid === service.uuid) return onMessage(uuid, message)
  const sockets = service.connections.filter((socket) => socket.peer.uuid === uuid)
  send(sockets, message)
}

/** Gives a job of ours to the leader. */
function submit({ id, job }) {
  const to = leader()
  mine.set(id, { id, job, leader: to })
  tell(to, { type: 'job', id, job })
}

function onMessage(from, { type, id, job, result }) {
  if (type === 'job') {
    queue.set(id, { id, job, owner: from, worker: null })
    assign()
  } else if (type === 'work') {
    work(job).then((result) => tell(from, { type: 'done', id, result }))
  } else if (type === 'done') {
    const entry = queue.get(id)
    queue.delete(id)
    if (entry !== undefined) tell(entry.owner, { type: 'result', id, result })
    assign()
  } else if (type === 'result' && mine.delete(id)) {
    console.log('done', result)
  }
}

/** Gives jobs to members that have none. */
function assign() {
  const busy = new Set([...queue.values()].map(({ worker }) => worker))
  const free = members().filter((uuid) => !busy.has(uuid))
  for (const entry of queue.values()) {
    if (free.length === 0) return
    if (entry.worker !== null) continue
    entry.worker = free.pop()
    tell(entry.worker, { type: 'work', id: entry.id, job: entry.job })
  }
}

/** A member is gone, and with it the jobs that it has typed, those that it worked at, and those that it led. */
function onGone(uuid) {
  for (const entry of queue.values()) {
    if (entry.owner === uuid) queue.delete(entry.id)
    else if (entry.worker === uuid) entry.worker = null
  }
  assign()
  for (const entry of [...mine.values()]) if (entry.leader === uuid) submit(entry)
}

async function work(job) {
  await setTimeout(50)
  return `${job} ${createHash('sha256').update(job).digest('hex').slice(0, 8)} by ${service.uuid.slice(0, 8)}`
}

createInterface({ input: process.stdin })
  .on('line', (job) => submit({ id: `${service.uuid}-${count++}`, job }))
  .on('close', () => service.close())

service.listen(() => console.log('listening', service.uuid))
