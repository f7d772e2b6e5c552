// Certificate authorities and what they issue, by openssl(1), in a folder that is gone after the test.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

/** A certificate's worth of `tls` settings. */
export interface Credentials {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

export interface IssueOptions {
  /** From now; negative: it has ended already. Default 1. */
  readonly days?: number
  /** Of extensions as in an openssl.cnf, a line each. */
  readonly extensions?: string
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** What `openssl ca` needs to know for a list of revoked certificates. */
const CA_CNF = `
[ca]
default_ca = this
[this]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 1
`

/** A private authority. Made in a test file's body or a test: its folder is gone after that. */
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
