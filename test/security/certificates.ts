// Certificate authorities and the certificates that they issue, made by openssl(1) in a folder that is removed after
// the test.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

/** The part of the `tls` settings that belongs to a certificate. */
export interface Credentials {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

export interface IssueOptions {
  /** Days of validity from now; negative for an expired certificate. Default 1. */
  readonly days?: number
  /** Extensions, in the form of openssl.cnf, a line each. */
  readonly extensions?: string
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** The configuration that `openssl ca` needs to make a list of revoked certificates. */
const CA_CNF = `
[ca]
default_ca = this
[this]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 1
`

/** A private authority. It is made in the body of a test file or in a test, after which its folder is removed. */
export class Authority {
  readonly #folder: string
  #issued = 0

  constructor(name: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'tcpnet-ca-'))
    after(() => rmSync(this.#folder, { recursive: true, force: true }))
    this.#openssl(['req', '-x509', ...KEY, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', `/CN=${name}`, '-days', '2'])
  }

  get certificate(): string {
    return this.#read('ca.pem')
  }

  issue(subject: string, { days = 1, extensions = 'basicConstraints=CA:FALSE' }: IssueOptions = {}): Credentials {
    const name = `${++this.#issued}`
    this.#openssl(['req', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${subject}`])
    const signed = ['x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, '-days', String(days)]
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`]
    writeFileSync(join(this.#folder, `${name}.ext`), `${extensions}\n`)
    this.#openssl([...signed, ...by])
    return { key: this.#read(`${name}.key`), cert: this.#read(`${name}.pem`), ca: this.certificate }
  }

  /** The list of revoked certificates, with this one on it. */
  revoke({ cert }: Credentials): string {
    const files = { 'index.txt': '', crlnumber: '01\n', 'revoked.pem': cert, 'ca.cnf': CA_CNF }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.#folder, name), text)
    const by = ['ca', '-config', 'ca.cnf', '-keyfile', 'ca.key', '-cert', 'ca.pem']
    this.#openssl([...by, '-revoke', 'revoked.pem'])
    this.#openssl([...by, '-gencrl', '-out', 'crl.pem'])
    return this.#read('crl.pem')
  }

  #openssl(args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] })
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8')
  }
}
