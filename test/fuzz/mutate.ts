import type { Random } from '../chaos/random.js'

/** Pieces that mean something to one target or another. */
const WORDS = [
  ...['{', '}', '"', ',', ':', '\n', '\0', '|', '=', '%', '.', 'f|', '\nl|', '\nb', '\ns', '\nd', '{}', '[]', 'null'],
  ...['"tcpnet":1', '"name":"fuzz"', '"from":"A"', '"boot":"0123456789abcdef"', '"to":"B"', '"seq":1', '1e999', '-0'],
  ...[
    '"status":"ok"',
    '"status":"refused"',
    '"reason":"busy"',
    '"__proto__":',
    '\\u0000',
    '\ud800',
    '9007199254740993'
  ],
  ...['v=1', 'sec=none', '__proto__', 'constructor', 'fe80::1', '::ffff:10.0.0.1', '%eth0', '127.0.0.1', 'A1|4|a|80|'],
  ...['\x04_fuzz\x04_tcp\x05local\0', '_fuzz._tcp.local', 'alpha.local']
].map((word) => Buffer.from(word))
/** Record types of DNS, and the beginning of a pointer. */
const CODES = [1, 12, 16, 28, 33, 41, 47, 255, 0xc00c, 0xc000, 0x8400, 0xffff]

/** An input that is a little different, of at most `longest` bytes. `other` is what it may be crossed with. */
export function mutate(input: Buffer, other: Buffer, random: Random, longest: number): Buffer {
  let result = Buffer.from(input)
  for (let times = 2 ** random.integer(0, 4); times > 0; times--) {
    result = Buffer.from(random.pick(MUTATIONS)(result, other, random)).subarray(0, longest)
  }
  return result
}

type Mutation = (input: Buffer, other: Buffer, random: Random) => Buffer

const MUTATIONS: readonly Mutation[] = [
  (input, _other, random) => at(input, random, (place) => (place[0] = (place[0] ?? 0) ^ (1 << random.integer(0, 7)))),
  (input, _other, random) => at(input, random, (place) => (place[0] = random.integer(0, 255))),
  (input, _other, random) => at(input, random, (place) => (place[0] = (place[0] ?? 0) + random.integer(-3, 3))),
  (input, _other, random) =>
    at(input, random, (place) => place.length > 1 && place.writeUInt16BE(random.pick(CODES), 0)),
  (input, _other, random) => splice(input, random, 0, random.pick(WORDS)),
  (input, _other, random) => splice(input, random, random.integer(1, 16), random.pick(WORDS)),
  (input, _other, random) => splice(input, random, random.integer(1, 64), Buffer.alloc(0)),
  (input, _other, random) => splice(input, random, 0, slice(input, random)),
  (input, other, random) => splice(input, random, random.integer(0, 64), slice(other, random)),
  (input, _other, random) => splice(input, random, 0, Buffer.alloc(random.integer(1, 300), random.integer(0, 255))),
  (input, _other, random) => input.subarray(0, random.integer(0, input.length))
]

function at(input: Buffer, random: Random, change: (place: Buffer) => void): Buffer {
  if (input.length > 0) change(input.subarray(random.integer(0, input.length - 1)))
  return input
}

function splice(input: Buffer, random: Random, remove: number, insert: Buffer): Buffer {
  const place = random.integer(0, input.length)
  return Buffer.concat([input.subarray(0, place), insert, input.subarray(place + remove)])
}

function slice(input: Buffer, random: Random): Buffer {
  const start = random.integer(0, input.length)
  return input.subarray(start, start + random.integer(1, 200))
}
