// String functions of draft-irtf-cfrg-cpace-21 §6.3 and its appendix A: each part of a hashed string is preceded by its length,
// so that no two inputs give the same string (§10.2).

/** `prepend_len` (§A.1.1): the length in LEB128, then the bytes. */
export function prependLength(bytes: Uint8Array): Buffer {
  const length: number[] = []
  let left = bytes.length
  do {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0))
    left >>>= 7
  } while (left > 0)
  return Buffer.concat([Buffer.from(length), bytes])
}

/** `lv_cat` (§A.1.3). */
export function concatenate(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts.map(prependLength))
}

/** A party's message: its share and the associated data, which is not encrypted. */
export interface ShareMessage {
  readonly share: Uint8Array
  readonly associatedData: Uint8Array
}

/** `transcript_ir` (§A.3.4): of initiator and responder, in this order. */
export function transcript(initiator: ShareMessage, responder: ShareMessage): Buffer {
  return Buffer.concat([messageString(initiator), messageString(responder)])
}

/** One party's part of the transcript, which is also the input of its confirmation (§10.4). */
export function messageString({ share, associatedData }: ShareMessage): Buffer {
  return concatenate(share, associatedData)
}
