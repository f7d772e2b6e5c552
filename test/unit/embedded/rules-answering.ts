// What the responder does by RFC 6762 §5.4 to §7, §11, §16 to §18, as scenes. Each is written out, although some are alike: its
// capture is read beside it.
import type { Packet, Question } from 'dns-packet'
import { recordsOf as recordsOn } from '#tcpnet/discovery/drivers/embedded/own-service.js'
import { LEGACY, OTHER, packetOf, recordsOf, SERVICE_TYPES, TYPE, withQu } from './link-trial.js'
import type { Rule } from './scene.js'

const [INSTANCE, HOST] = [`AA.${TYPE}`, 'AA.local']

export function ask(name: string, type: string, more: Partial<Packet> = {}): Packet {
  return { type: 'query', questions: [{ name, type } as Question], ...more }
}

const OWN_POINTER = { type: 'PTR', name: TYPE, data: INSTANCE } as const

export const ANSWERING: Record<string, Rule> = {
  '5.4-unicast': {
    section: '§5.4',
    says: 'A question with the QU bit is answered by unicast, and by multicast as well where the record was not sent so for a quarter of its TTL.',
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
    says: 'Shared records are answered after 20 to 120 ms (here 70), unique ones at once, none by multicast twice in a second.',
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
    says: 'A probe for our name is answered at once, and again after 250 ms, not after a second.',
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
    says: 'A name that is ours alone and has no such record is answered with an NSEC record; of names that are not ours nothing is said.',
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
    says: "An interface is told its own addresses and no other interface's, and no IPv4 link-local address beside a better one.",
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
    says: 'Several questions of one message are answered in one, delayed as the slowest of them; questions that come close together as well.',
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
    says: 'A record of ours that another sends with too short a life is set right: so its goodbye does not end what is still there.',
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
    says: 'A query from another port is answered to that port, with its ID and question, TTLs of at most 10 and no flush bit.',
    play: (scene) => {
      scene.announced('AA')
      scene.receive(ask(TYPE, 'PTR', { id: 4711 }), LEGACY)
      scene.receive(ask(HOST, 'AAAA', { id: 4712 }), LEGACY)
      scene.pass(1000)
    }
  },
  '7.1-known-answers': {
    section: '§7.1',
    says: 'An answer that the querier knows for at least half of its TTL is not given; one that is about to end is.',
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
    says: 'Where the TC bit says that more known answers follow, the answer waits for 400 to 500 ms (here 450).',
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
    says: 'An answer that another responder gives while ours waits is not given again.',
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
    says: 'A sender whose address is not of the link gets nothing by unicast: what cannot be attributed is answered to all of the link.',
    play: (scene) => {
      scene.announced('AA')
      const far = { address: '192.0.2.7', port: 5353, isOnLink: false }
      scene.receive(withQu(ask(INSTANCE, 'SRV')), far)
      scene.pass(1000)
      scene.receive(ask(INSTANCE, 'SRV', { id: 9 }), { ...far, port: 40_000 })
      scene.pass(1000)
      scene.note('a response from another port than 5353 is none (§6)')
      scene.trial.link.browse(TYPE)
      scene.receive(packetOf('BB'), { ...OTHER, port: 40_000 })
      scene.pass(10)
    }
  },
  '16-names': {
    section: '§16',
    says: 'Names are compared without regard to case in ASCII; an answer has the name as it was announced. Names are UTF-8.',
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
    says: 'No message is longer than 1440 bytes: fourteen instances are announced in several.',
    play: (scene) => {
      for (let i = 10; i < 24; i++) scene.trial.publish(`${i}`.repeat(16))
      scene.pass(100)
    }
  },
  '18-header': {
    section: '§18',
    says: 'Messages with another opcode or response code are none. What is sent has ID 0, in responses AA alone; a query has no flags.',
    play: (scene) => {
      scene.announced('AA')
      scene.note(
        'isPlausible() keeps opcode 2 and response code 3 from ever coming here; test/unit/embedded/messages.test.ts'
      )
      scene.receive(ask(INSTANCE, 'SRV', { id: 77 }))
      scene.pass(100)
      scene.trial.link.browse(TYPE)
      scene.pass(100)
    }
  }
}
