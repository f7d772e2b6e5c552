// What the browser asks and keeps, and how a name is claimed and given up, by RFC 6762 §5.2, §7 to §10, §14 and §15, as scenes.
// Each is written out, although some are alike: its capture is read beside it.
import type { Packet } from 'dns-packet'
import { LEGACY, packetOf, recordsOf, TYPE } from './link-trial.js'
import { ask } from './rules-answering.js'
import type { Rule, Scene } from './scene.js'

const [INSTANCE, HOST] = [`AA.${TYPE}`, 'AA.local']
const POINTER = { type: 'PTR', name: TYPE, ttl: 120 } as const

/** Browses, and lets so many milliseconds pass. */
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
    says: 'A question is asked after 20 to 120 ms (here 70), after a second, and then after intervals that double up to an hour; never with the QU bit.',
    play: (scene) => browse(scene, 4 * 3_600_000)
  },
  '5.2-silence': {
    section: '§5.2',
    says: 'The first question waits until others have been silent for 100 ms: here one announces itself after 50 ms.',
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
    says: 'A record that is browsed is asked for again at 80, 85, 90 and 95 % of its life, and up to 2 % later (here 1 %); then it is gone.',
    play: (scene) => {
      browse(scene, 5 * 3_600_000)
      scene.receive({ type: 'response', answers: [{ ...POINTER, data: `BB.${TYPE}` }] })
      scene.pass(130_000)
    }
  },
  '7.1-own-known-answers': {
    section: '§7.1',
    says: 'A question says which answers are known, with what they have left, from half of their life on no more.',
    play: (scene) => {
      browse(scene, 10)
      scene.receive(packetOf('BB'))
      scene.pass(64_000)
    }
  },
  '7.2-own-known-answers': {
    section: '§7.2',
    says: 'Known answers that find no room come in further messages; all but the last have the TC bit.',
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
    says: "Another host's question takes the place of ours that is about to be asked; not one from another port, whose answers do not come to us.",
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
    says: 'A name that was chosen is asked for three times, 250 ms apart, with the records to come; then they are announced twice, a second apart.',
    play: (scene) => {
      scene.trial.publish('AA', true)
      scene.pass(3000)
    }
  },
  '8.2-tie-break': {
    section: '§8.2',
    says: 'Of two that probe at the same time, the one with the later records goes on; the other waits a second, and loses to what is announced then.',
    play: (scene) => {
      scene.trial.publish('AA', true)
      scene.pass(200)
      scene.note('the other has the earlier records: ours goes on')
      scene.receive(probe(3999))
      scene.pass(100)
      scene.note('the other has the later records: ours waits')
      scene.receive(probe(4001))
      scene.pass(900)
      scene.receive(packetOf('AA', { port: 4001 }))
      scene.pass(3000)
    }
  },
  '8.3-announcing': {
    section: '§8.3, §10, §10.2',
    says: 'All records are announced at once and a second later, with their lifetimes, and the flush bit on what is ours alone.',
    play: (scene) => {
      scene.trial.publish('AA')
      scene.pass(3000)
    }
  },
  '8.4-update': {
    section: '§8.4, §10.1',
    says: 'What is left out of an update is withdrawn, and the rest is announced anew.',
    play: (scene) => {
      const publication = scene.announced('AA')
      scene.note('the address changes')
      publication.update(recordsOf('AA', { address: '10.77.1.9' }))
      scene.pass(3000)
    }
  },
  '9-chosen-name': {
    section: '§9',
    says: 'A chosen name that another host announces is probed for anew; where the other defends it, it is lost.',
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
    says: 'A random name cannot be taken: what contradicts it is false, and answered with what is true.',
    play: (scene) => {
      scene.announced('AA')
      scene.receive(packetOf('AA'))
      scene.pass(3000)
    }
  },
  '10.1-goodbye': {
    section: '§10.1, §6.6',
    says: 'A service that closes says goodbye for all of its records but the type among the types, which other processes share.',
    play: (scene) => {
      const publication = scene.announced('AA')
      publication.close()
      scene.pass(3000)
      scene.note('and one of another host ends what was seen, a second later')
      browse(scene)
      scene.receive(packetOf('BB'))
      scene.receive(packetOf('BB', { ttl: 0 }))
      scene.pass(2000)
    }
  },
  '10.2-flush': {
    section: '§10.2, §10.3',
    says: 'A record with the flush bit ends others of its name a second later, not those that came within the last second: shown by what an inquiry still finds.',
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
    says: 'A record that another host asks for twice, and that does not come within ten seconds of the first question, is gone.',
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
    says: 'What this process announces on another interface is heard here without conflict.',
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
    says: 'Processes of one host announce the same address, each under a name of its own: no conflict.',
    play: (scene) => {
      scene.announced('AA')
      scene.receive(packetOf('BB', { address: '10.77.1.1' }))
      scene.pass(2000)
    }
  },
  'restart-asleep': {
    section: '§8.3, §5.2',
    says: 'After a pause all is announced and asked anew, and what is not heard again within 5 s is gone.',
    play: (scene) => {
      scene.announced('AA')
      browse(scene, 60_000)
      scene.receive(packetOf('BB'))
      scene.receive(packetOf('CC'))
      scene.pass(10_000)
      scene.note('the clocks are apart: the machine was asleep')
      scene.trial.link.restart()
      scene.pass(500)
      scene.receive(packetOf('BB'))
      scene.pass(6000)
    }
  }
}
