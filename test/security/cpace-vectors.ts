// Test vectors of draft-irtf-cfrg-cpace-21, appendices A.1, A.3.5 and B.1: data of the draft, in hexadecimal digits.

import { createPrivateKey, type KeyObject } from 'node:crypto'

/** A scalar of the draft as a private key, in DER (RFC 8410 §7). */
export function scalarOf(hex: string): KeyObject {
  return createPrivateKey({
    key: Buffer.from(`302e020100300506032b656e04220420${hex}`, 'hex'),
    format: 'der',
    type: 'pkcs8'
  })
}

/** §A.1.2, without the contents. */
export const PREPEND_LEN = [
  ['', '00'],
  ['31323334', '0431323334']
] as const

/** §A.1.4. */
export const LV_CAT = { parts: ['31323334', '35', '', '363738'], result: '043132333401350003363738' }

/** §A.3.5. */
export const TRANSCRIPTS = [
  ['123', 'PartyA', '234', 'PartyB', '03313233065061727479410332333406506172747942'],
  ['3456', 'PartyA', '2345', 'PartyB', '043334353606506172747941043233343506506172747942']
] as const

/** §B.1.1 to §B.1.5. */
export const RUN = {
  secret: '50617373776f7264',
  channel: '0b415f696e69746961746f720b425f726573706f6e646572',
  sid: '7e4b4791d6a8ef019b936c79fb7f2c57',
  generatorString:
    '0843506163653235350850617373776f72646d' +
    '00'.repeat(109) +
    '180b415f696e69746961746f720b425f726573706f6e646572107e4b4791d6a8ef019b936c79fb7f2c57',
  generator: 'd04bf6d41f6a289632a2e929fa29bebd51092512a7829fdde7d314b62f05a73f',
  a: {
    scalar: '21b4f4bd9e64ed355c3eb676a28ebedaf6d8f17bdc365995b319097153044080',
    associatedData: '414461',
    share: '1d13c89278cdadd826f6d8d7f887701430f8380ddc17611cdd6dc989ce0c9f32'
  },
  b: {
    scalar: '848b0779ff415f0af4ea14df9dd1d3c29ac41d836c7808896c4eba19c51ac40a',
    associatedData: '414462',
    share: '248cccf6d5cdc3646f0ad593f9e6cef4e69d4945f8372e623512ecea32185623'
  },
  point: '5b067effbdc0b2a0e1d907b21ebb25cfedb96a852179a847c37e43ee71322c6b',
  sessionKey:
    '6e19b875f7a561d6b3ca3dbb9ef42ac55de3e717881018204b8922b4d5e53bb2' +
    'aa82c300bea7b65d2b671da71922ddf6472301b79bc270adfa8bf413285f2263'
}

/** §B.1.10: points, and their products with the scalar; null is the neutral element. */
export const LOW_ORDER = {
  scalar: 'af46e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449aff',
  points: [
    ['0000000000000000000000000000000000000000000000000000000000000000', null],
    ['0100000000000000000000000000000000000000000000000000000000000000', null],
    ['ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', null],
    ['e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', null],
    ['5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157', null],
    ['edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', null],
    [
      'daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
      'd8e2c776bbacd510d09fd9278b7edcd25fc5ae9adfba3b6e040e8d3b71b21806'
    ],
    ['eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', null],
    [
      'dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
      'c85c655ebe8be44ba9c0ffde69f2fe10194458d137f09bbff725ce58803cdb38'
    ],
    [
      'd9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
      'db64dafa9b8fdd136914e61461935fe92aa372cb056314e1231bc4ec12417456'
    ],
    [
      'cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880',
      'e062dcd5376d58297be2618c7498f55baa07d7e03184e8aada20bca28888bf7a'
    ],
    [
      '4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7',
      '993c6ad11c4c29da9a56f7691fd0ff8d732e49de6250b6c2e80003ff4629a175'
    ]
  ] as const
}
