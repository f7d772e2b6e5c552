import fc from 'fast-check'

/**
 * Strings of any code points. The unit 'binary' of fast-check gives the same, after it has made a table of all code points,
 * which takes a second.
 */
export const anyText = fc.string({ unit: fc.nat({ max: 0x10ffff }).map((point) => String.fromCodePoint(point)) })
