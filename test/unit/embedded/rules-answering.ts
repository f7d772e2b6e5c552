// Scenes of what the responder does according to RFC 6762 §5.4 to §7, §11, §16 to §18. Each is written out, although
// some are similar, because it is read together with its capture.
import { recordsOf as recordsOn } from '#tcpnet/discovery/drivers/embedded/own-service.js'
import { ask, LEGACY, OTHER, packetOf, recordsOf, SERVICE_TYPES, TYPE, withQu } from './link-trial.js'
import type { Rule } from './scene.js'

const [INSTANCE, HOST] = [`AA.${TYPE}`, 'AA.local']

const OWN_POINTER = { type: 'PTR', name: TYPE, data: INSTANCE } as const

export const ANSWERING: Record<string, Rule> = {
  '5.4-unicast': {
    section: '§5.4',
    says: 'A question with the QU bit is answered by unicast, and also by multicast if the record was not multicast for a quarter of its TTL.',
    play: (scene) => {
      scene.announced('AA')
      scene.receive(withQu(ask(INSTANCE, 'SRV')))
      scene.pass(60_000)
      scene.receive(withQu(ask(INSTANCE, 'SRV')))
      scene.pass(1000)
    }
  },
  '6-delays': {
    section: '§6',
    says: 'Shared records are sent as answers after 20 to 120 ms (here 70), unique ones at once, and none is multicast twice in a second.',
    play: (scene) => {
      scene.announced('AA')
      scene.receive(ask(TYPE, 'PTR'))
      scene.pass(500)
      scene.receive(ask(TYPE, 'PTR'))
      scene.pass(3000)
      scene.receive(ask(HOST, 'A'))
      scene.pass(1000)
    }
  },
  '6-defence': {
    section: '§6',
    says: 'A probe for our name is answered at once, and another one after 250 ms instead of a second.',
    play: (scene) => {
      scene.announced('AA')
      const probe = ask(INSTANCE, 'ANY', {
        authorities: [{ type: 'SRV', name: INSTANCE, ttl: 120, data: { port: 9, target: 'other.local' } }]
      })
      scene.receive(probe)
      scene.pass(100)
      scene.receive(probe)
      scene.pass(1000)
    }
  },
  '6.1-nothing-else': {
    section: '§6.1',
    says: 'A question for a record that a unique name of ours does not have is answered with NSEC; one for a name that is not ours is not answered.',
    play: (scene) => {
      scene.announced('AA')
      scene.receive(ask(HOST, 'SRV'))
      scene.pass(200)
      scene.receive(ask(INSTANCE, 'HINFO'))
      scene.pass(200)
      scene.receive(ask('BB.local', 'A'))
      scene.pass(2000)
    }
  },
  '6.2-addresses': {
    section: '§6.2',
    says: 'On an interface only its own addresses are announced, without IPv4 link-local addresses if there is another IPv4 address.',
    play: (scene) => {
      const announcement = {
        uuid: 'AA',
        name: 'my-cluster',
        port: 4000,
        address: null,
        interfaceIndex: 0,
        probe: false,
        txt: { v: '1', sec: 'none' }
      } as const
      const own = { index: 2, name: 'eth0', up: true, loopback: false } as const
      const addresses = [
        { ...own, family: 4, address: '10.77.1.1', prefixLength: 24 },
        { ...own, family: 4, address: '169.254.7.7', prefixLength: 16 },
        { ...own, family: 6, address: 'fe80::1', prefixLength: 64 }
      ] as const
      scene.announced('AA', recordsOn(announcement, { index: own.index, addresses }))
      scene.receive(ask(HOST, 'ANY'))
      scene.pass(1000)
    }
  },
  '6.3-questions': {
    section: '§6.3, §6.4',
    says: 'Several questions of one message are answered in one message, after the longest of their delays; so are questions in close succession.',
    play: (scene) => {
      scene.announced('AA')
      scene.announced('BB')
      const questions = [ask(TYPE, 'PTR'), ask(HOST, 'A')].flatMap((packet) => packet.questions ?? [])
      scene.receive({ type: 'query', questions })
      scene.pass(3000)
      scene.receive(ask(TYPE, 'PTR'))
      scene.pass(10)
      scene.receive(ask(SERVICE_TYPES, 'PTR'))
      scene.pass(1000)
    }
  },
  '6.5-any': {
    section: '§6.5',
    says: 'A question for ANY is answered with all records of the name.',
    play: (scene) => {
      scene.announced('AA')
      scene.receive(ask(INSTANCE, 'ANY'))
      scene.receive(ask(HOST, 'ANY'))
      scene.pass(1000)
    }
  },
  '6.6-shared-records': {
    section: '§6.6',
    says: 'If another host sends a record of ours with less than half of our TTL, such as a goodbye, ours is sent at once.',
    play: (scene) => {
      scene.announced('AA')
      scene.receive({ type: 'response', answers: [{ type: 'PTR', name: SERVICE_TYPES, ttl: 0, data: TYPE }] })
      scene.pass(1000)
      scene.receive({ type: 'response', answers: [{ ...OWN_POINTER, ttl: 20 }] })
      scene.pass(1000)
    }
  },
  '6.7-legacy': {
    section: '§6.7',
    says: 'A query from another port is answered to that port, with its ID and question, TTLs of at most 10 s and no cache-flush bit.',
    play: (scene) => {
      scene.announced('AA')
      scene.receive(ask(TYPE, 'PTR', { id: 4711 }), LEGACY)
      scene.receive(ask(HOST, 'AAAA', { id: 4712 }), LEGACY)
      scene.pass(1000)
    }
  },
  '7.1-known-answers': {
    section: '§7.1',
    says: 'A known answer with at least half of our TTL suppresses the answer; one with less does not.',
    play: (scene) => {
      scene.announced('AA')
      scene.receive(ask(TYPE, 'PTR', { answers: [{ ...OWN_POINTER, ttl: 60 }] }))
      scene.pass(1000)
      scene.receive(ask(TYPE, 'PTR', { answers: [{ ...OWN_POINTER, ttl: 59 }] }))
      scene.pass(1000)
    }
  },
  '7.2-more-follows': {
    section: '§7.2',
    says: 'If the TC bit says that more known answers follow, the answer waits for 400 to 500 ms (here 450).',
    play: (scene) => {
      scene.announced('AA')
      scene.announced('BB')
      scene.receive(ask(TYPE, 'PTR', { flags: 0x200 }))
      scene.pass(100)
      scene.receive({ type: 'query', answers: [{ ...OWN_POINTER, ttl: 120 }] })
      scene.pass(1000)
    }
  },
  '7.4-duplicate-answers': {
    section: '§7.4',
    says: 'An answer that another responder sends while ours waits is not sent again.',
    play: (scene) => {
      scene.announced('AA')
      scene.receive(ask(SERVICE_TYPES, 'PTR'))
      scene.pass(30)
      scene.receive({ type: 'response', answers: [{ type: 'PTR', name: SERVICE_TYPES, ttl: 4500, data: TYPE }] })
      scene.pass(1000)
    }
  },
  '11-source': {
    section: '§11',
    says: 'A sender whose address is not on the link gets no unicast: its questions are answered by multicast, and its legacy queries are not.',
    play: (scene) => {
      scene.announced('AA')
      const far = { address: '192.0.2.7', port: 5353, isOnLink: false }
      scene.receive(withQu(ask(INSTANCE, 'SRV')), far)
      scene.pass(1000)
      scene.receive(ask(INSTANCE, 'SRV', { id: 9 }), { ...far, port: 40_000 })
      scene.pass(1000)
      scene.note('a response from another port than 5353 is ignored (§6)')
      scene.trial.link.browse(TYPE)
      scene.receive(packetOf('BB'), { ...OTHER, port: 40_000 })
      scene.pass(10)
    }
  },
  '16-names': {
    section: '§16',
    says: 'Names are UTF-8 and compared without regard to the case of ASCII letters; an answer has the name as it was announced.',
    play: (scene) => {
      const type = '_grüße._tcp.local'
      scene.announced('AA', recordsOf('AA', { type }))
      scene.receive(ask('aa.LOCAL', 'A'))
      scene.pass(200)
      scene.receive(ask('_GRüßE._TCP.Local', 'PTR'))
      scene.pass(200)
      scene.receive(ask('_GRÜßE._tcp.local', 'PTR'))
      scene.pass(1000)
    }
  },
  '17-size': {
    section: '§17',
    says: 'No message is longer than 1440 bytes: fourteen instances are announced in several messages.',
    play: (scene) => {
      for (let i = 10; i < 24; i++) scene.trial.publish(`${i}`.repeat(16))
      scene.pass(100)
    }
  },
  '18-header': {
    section: '§18',
    says: 'Messages with another opcode or response code are ignored. Sent messages have ID 0; the only flag of a response is AA, and a query has none.',
    play: (scene) => {
      scene.announced('AA')
      scene.note(
        'isPlausible() drops other opcodes and response codes before a link receives them; test/unit/embedded/messages.test.ts'
      )
      scene.receive(ask(INSTANCE, 'SRV', { id: 77 }))
      scene.pass(100)
      scene.trial.link.browse(TYPE)
      scene.pass(100)
    }
  }
}
