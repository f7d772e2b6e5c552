// Scenes of questions, caching, probing, announcing and goodbyes according to RFC 6762 §5.2, §7 to §10, §14 and §15.
// Each is written out, although some are similar, because it is read together with its capture.
import type { Packet } from 'dns-packet'
import { ask, LEGACY, packetOf, recordsOf, TYPE } from './link-trial.js'
import type { Rule, Scene } from './scene.js'

const [INSTANCE, HOST] = [`AA.${TYPE}`, 'AA.local']
const POINTER = { type: 'PTR', name: TYPE, ttl: 120 } as const

/** Browses, and lets some milliseconds pass. */
function browse(scene: Scene, ms = 0): void {
  scene.note(`browses ${TYPE}`)
  scene.trial.link.browse(TYPE)
  scene.pass(ms)
}

/** A probe of another host for our name. */
function probe(port: number): Packet {
  const srv = { type: 'SRV', name: INSTANCE, ttl: 120, data: { port, target: HOST } } as const
  return ask(INSTANCE, 'ANY', { authorities: [srv] })
}

export const OTHERS: Record<string, Rule> = {
  '5.2-questions': {
    section: '§5.2, §5.4',
    says: 'A question is asked after 20 to 120 ms (here 70), after a second, and then at intervals that double up to an hour; never with the QU bit.',
    play: (scene) => browse(scene, 4 * 3_600_000)
  },
  '5.2-silence': {
    section: '§5.2',
    says: 'The first question waits for 100 ms without an announcement: here one is received after 50 ms.',
    play: (scene) => {
      browse(scene, 50)
      scene.receive(packetOf('BB'))
      scene.pass(200)
    }
  },
  '5.3-questions': {
    section: '§5.3',
    says: 'Questions that are due are asked in one message.',
    play: (scene) => {
      scene.trial.link.browse('_other._tcp.local')
      browse(scene, 2000)
    }
  },
  '5.2-refresh': {
    section: '§5.2',
    says: 'A browsed record is refreshed at 80, 85, 90 and 95 % of its lifetime, or up to 2 % later (here 1 %); then it expires.',
    play: (scene) => {
      browse(scene, 5 * 3_600_000)
      scene.receive({ type: 'response', answers: [{ ...POINTER, data: `BB.${TYPE}` }] })
      scene.pass(130_000)
    }
  },
  '7.1-own-known-answers': {
    section: '§7.1',
    says: 'A question has the known answers with their remaining TTL, without those that have less than half of it left.',
    play: (scene) => {
      browse(scene, 10)
      scene.receive(packetOf('BB'))
      scene.pass(64_000)
    }
  },
  '7.2-own-known-answers': {
    section: '§7.2',
    says: 'Known answers that do not fit are sent in further messages; all but the last have the TC bit.',
    play: (scene) => {
      browse(scene, 10)
      for (let from = 0; from < 40; from += 10) {
        const answers = Array.from({ length: 10 }, (_, i) => ({ ...POINTER, data: `${100 + from + i}`.repeat(12) }))
        scene.receive({ type: 'response', answers: answers.map((one) => ({ ...one, data: `${one.data}.${TYPE}` })) })
      }
      scene.pass(200)
    }
  },
  '7.3-duplicate-questions': {
    section: '§7.3',
    says: "Another host's question suppresses ours if that is due soon, unless it comes from another port, so that its answers are not multicast.",
    play: (scene) => {
      browse(scene, 900)
      scene.receive(ask(TYPE, 'PTR'), LEGACY)
      scene.pass(900)
      scene.pass(1000)
      scene.receive(ask(TYPE, 'PTR'))
      scene.pass(6000)
    }
  },
  '8.1-probing': {
    section: '§8.1, §8.3',
    says: 'A chosen name is probed three times, 250 ms apart, with the proposed records; then these are announced twice, a second apart.',
    play: (scene) => {
      scene.trial.publish('AA', true)
      scene.pass(3000)
    }
  },
  '8.2-tie-break': {
    section: '§8.2',
    says: 'Of two simultaneous probers, the one with the later records continues; the other waits a second, and ends when it receives the announcement.',
    play: (scene) => {
      scene.trial.publish('AA', true)
      scene.pass(200)
      scene.note('the other host has earlier records: ours continues')
      scene.receive(probe(3999))
      scene.pass(100)
      scene.note('the other host has later records: ours waits')
      scene.receive(probe(4001))
      scene.pass(900)
      scene.receive(packetOf('AA', { port: 4001 }))
      scene.pass(3000)
    }
  },
  '8.3-announcing': {
    section: '§8.3, §10, §10.2',
    says: 'All records are announced at once and a second later, with their TTLs, and the cache-flush bit on unique ones.',
    play: (scene) => {
      scene.trial.publish('AA')
      scene.pass(3000)
    }
  },
  '8.4-update': {
    section: '§8.4, §10.1',
    says: 'An update sends goodbyes for the records left out, and announces the new set.',
    play: (scene) => {
      const publication = scene.announced('AA')
      scene.note('the address changes')
      publication.update(recordsOf('AA', { address: '10.77.1.9' }))
      scene.pass(3000)
    }
  },
  '9-chosen-name': {
    section: '§9',
    says: 'A chosen name that another host announces is probed again; if that host defends it, it is lost.',
    play: (scene) => {
      scene.trial.publish('AA', true)
      scene.pass(5000)
      scene.receive(packetOf('AA'))
      scene.pass(400)
      scene.receive(packetOf('AA'))
      scene.pass(3000)
    }
  },
  '9-random-name': {
    section: '§9',
    says: 'A random name cannot be taken: a conflicting record is bogus, and answered with ours.',
    play: (scene) => {
      scene.announced('AA')
      scene.receive(packetOf('AA'))
      scene.pass(3000)
    }
  },
  '10.1-goodbye': {
    section: '§10.1, §6.6',
    says: 'A service that closes sends goodbyes for all of its records but the service type, which other processes share.',
    play: (scene) => {
      const publication = scene.announced('AA')
      publication.close()
      scene.pass(3000)
      scene.note('a goodbye of another host removes its instance a second later')
      browse(scene)
      scene.receive(packetOf('BB'))
      scene.receive(packetOf('BB', { ttl: 0 }))
      scene.pass(2000)
    }
  },
  '10.2-flush': {
    section: '§10.2, §10.3',
    says: 'A record with the cache-flush bit removes others of its name and type a second later, except those received within the last second.',
    play: (scene) => {
      browse(scene)
      scene.receive(packetOf('BB'))
      const known = () => scene.note(`known: ${scene.trial.cache.get('BB.local', 'A').map((one) => one.key)}`)
      scene.pass(500)
      scene.receive(packetOf('BB', { address: '10.77.1.3' }))
      scene.pass(2000)
      known()
      scene.receive(packetOf('BB', { address: '10.77.1.4' }))
      scene.pass(900)
      known()
      scene.pass(200)
      known()
    }
  },
  '10.4-unanswered': {
    section: '§10.4',
    says: 'A record that another host asks for twice, and that is not received within ten seconds of the first question, expires.',
    play: (scene) => {
      browse(scene, 10 * 60_000)
      scene.receive(packetOf('BB'))
      scene.pass(5000)
      scene.receive(ask(TYPE, 'PTR'))
      scene.pass(2000)
      scene.receive(ask(TYPE, 'PTR'))
      scene.pass(12_000)
    }
  },
  '14-second-interface': {
    section: '§14',
    says: 'A record that this process announces on another interface is received here without conflict.',
    play: (scene) => {
      scene.announced('AA')
      scene.trial.elsewhere = recordsOf('AA', { address: '10.88.1.1' })
      scene.receive({
        type: 'response',
        answers: [{ type: 'A', name: HOST, ttl: 120, flush: true, data: '10.88.1.1' }]
      })
      scene.pass(2000)
    }
  },
  '15.2-shared-address': {
    section: '§15.2',
    says: 'Processes of one host announce the same address, each under its own host name: no conflict.',
    play: (scene) => {
      scene.announced('AA')
      scene.receive(packetOf('BB', { address: '10.77.1.1' }))
      scene.pass(2000)
    }
  },
  'restart-asleep': {
    section: '§8.3, §5.2',
    says: 'After a sleep all is announced and asked again, and records that are not received again within 5 s expire.',
    play: (scene) => {
      scene.announced('AA')
      browse(scene, 60_000)
      scene.receive(packetOf('BB'))
      scene.receive(packetOf('CC'))
      scene.pass(10_000)
      scene.note('the clocks have drifted apart: the machine was asleep')
      scene.trial.link.restart()
      scene.pass(500)
      scene.receive(packetOf('BB'))
      scene.pass(6000)
    }
  }
}
