import { TcpnetError } from '../errors.js'

/** The two sides have different secrets. */
export class OtherSecretError extends TcpnetError {
  /** The uuid that the other side claims, without a proof. */
  readonly claimed: string

  /** @param why the evidence, as the end of a sentence */
  constructor(claimed: string, why: string) {
    super(
      'ERR_TCPNET_TLS',
      `The other side has another secret: ${why}. Give every service of the cluster the same secret, to the byte: a newline at ` +
        'its end counts, for example one that echo wrote.'
    )
    this.claimed = claimed
  }
}
