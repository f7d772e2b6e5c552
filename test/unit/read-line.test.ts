import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { TcpnetError } from '#tcpnet/index.js'
import { type Line, MAX_LINE_BYTES, readLine } from '#tcpnet/net/line.js'
import { readAll, socketPair } from '../support/sockets.js'
import { next, until, within } from '../support/wait.js'

const LINE = '{"name":"größer, 漢字, 🙂"}'

/** Reads a line; a second call of `done` fails the test by an unhandled rejection. */
function lineOf(socket: Socket): Promise<Line> {
  let calls = 0
  const line = new Promise<Line>((resolve) => {
    readLine(socket, (line) => {
      assert.equal(++calls, 1, 'done was called twice')
      resolve(line)
    })
  })
  return within(line, 'neither a line nor an error is reported')
}

/** The code of the error instead of a line; null if there was no byte. */
async function codeOf(socket: Socket): Promise<string | null> {
  const error = await lineOf(socket)
  assert.ok(error === null || error instanceof TcpnetError, `a line was read: ${error}`)
  return error?.code ?? null
}

describe('a line read from a socket', () => {
  it('is whole wherever it was split, and the bytes after it stay unread', async () => {
    const bytes = Buffer.from(`${LINE}\nbytes of the application\n`)
    for (let split = 1; split < bytes.length; split++) {
      const { near, far } = await socketPair()
      const line = lineOf(far)
      near.write(bytes.subarray(0, split))
      await until(() => far.bytesRead === split, 'the first part does not arrive')
      near.end(bytes.subarray(split))
      assert.equal(await line, LINE, `split at ${split}`)
      assert.equal((await readAll(far)).toString(), 'bytes of the application\n', `split at ${split}`)
    }
  })

  it('is read byte by byte', async () => {
    const { near, far } = await socketPair()
    const line = lineOf(far)
    for (const byte of Buffer.from(`${LINE}\n`)) {
      const before = far.bytesRead
      near.write(Buffer.of(byte))
      await until(() => far.bytesRead > before, 'the byte does not arrive')
    }
    assert.equal(await line, LINE)
    near.destroy()
  })

  it('is read if it arrived before the call, and so is the end after it', async () => {
    const { near, far } = await socketPair()
    near.end(`${LINE}\nrest`)
    await until(() => far.readableLength > 0, 'it does not arrive')
    assert.equal(await lineOf(far), LINE)
    assert.equal((await readAll(far)).toString(), 'rest')
  })

  it('can be empty', async () => {
    const { near, far } = await socketPair()
    near.write('\n\n')
    assert.equal(await lineOf(far), '')
    assert.equal(await lineOf(far), '')
    near.destroy()
  })
})

describe('the socket after the line', () => {
  /** A socket whose line was just read. */
  async function afterLine(behind: string): Promise<{ near: Socket; far: Socket }> {
    const { near, far } = await socketPair()
    near.write(`${LINE}\n${behind}`)
    const handedOver = new Promise<void>((resolve) => {
      readLine(far, (line) => {
        assert.equal(line, LINE)
        assert.equal(far.readableFlowing, null, 'the socket is in its initial mode')
        for (const event of ['readable', 'data', 'end']) {
          assert.equal(far.listenerCount(event), event === 'end' ? 1 : 0, `listeners for ${event}: Node's own alone`)
        }
        resolve()
      })
    })
    await within(handedOver, 'the line is not read')
    return { near, far }
  }

  for (const behind of ['', 'at once, ']) {
    const name = behind === '' ? 'with nothing after the line' : 'with bytes after the line'
    it(`flows with a listener for data, ${name}`, async () => {
      const { near, far } = await afterLine(behind)
      const all = readAll(far)
      near.end('later')
      assert.equal((await all).toString(), `${behind}later`)
    })

    it(`can be iterated, ${name}`, async () => {
      const { near, far } = await afterLine(behind)
      near.end('later')
      const chunks: Buffer[] = []
      for await (const chunk of far) chunks.push(chunk as Buffer)
      assert.equal(Buffer.concat(chunks).toString(), `${behind}later`)
    })

    it(`can be piped, ${name}`, async () => {
      const { near, far } = await afterLine(behind)
      far.pipe(far)
      const echo = readAll(near)
      near.end('later')
      assert.equal((await echo).toString(), `${behind}later`)
    })

    it(`can be read when it is readable, ${name}`, async () => {
      const { near, far } = await afterLine(behind)
      const chunks: Buffer[] = []
      far.on('readable', () => {
        for (let chunk = far.read(); chunk !== null; chunk = far.read()) chunks.push(chunk)
      })
      near.end('later')
      await within(once(far, 'end'), 'the socket does not end')
      assert.equal(Buffer.concat(chunks).toString(), `${behind}later`)
    })

    it(`does not lose bytes that come before there is a listener, ${name}`, async () => {
      const { near, far } = await afterLine(behind)
      near.end('later')
      await until(() => far.readableLength === behind.length + 5, 'it does not arrive')
      assert.equal((await readAll(far)).toString(), `${behind}later`)
    })
  }
})

describe('input that is not a line', () => {
  it('is a line of more than 4096 bytes, its newline included', async () => {
    for (const [length, taken] of [
      [MAX_LINE_BYTES - 1, true],
      [MAX_LINE_BYTES, false],
      [MAX_LINE_BYTES + 1, false]
    ] as const) {
      const { near, far } = await socketPair()
      near.write(`${'x'.repeat(length)}\n`)
      const line = await lineOf(far)
      assert.equal(line instanceof TcpnetError ? line.code : line?.length, taken ? length : 'ERR_TCPNET_HELLO_TOO_LONG')
      near.destroy()
    }
  })

  it('is 10 MB without a newline: little of it is ever read', async () => {
    const { near, far } = await socketPair()
    near.write(Buffer.alloc(10_000_000, 'x'))
    assert.equal(await codeOf(far), 'ERR_TCPNET_HELLO_TOO_LONG')
    assert.ok(far.bytesRead <= 1 << 18, `${far.bytesRead} bytes were read`)
    const told = next(near, 'close')
    far.destroy()
    await told
  })

  it('is an end, before or in the middle', async () => {
    for (const part of ['', 'half']) {
      const { near, far } = await socketPair()
      near.end(part)
      assert.equal(await codeOf(far), part === '' ? null : 'ERR_TCPNET_HELLO_ENDED')
    }
  })

  it('is a reset, before or in the middle', async () => {
    for (const part of ['', 'half']) {
      const { near, far } = await socketPair()
      const code = codeOf(far)
      near.write(part)
      await until(() => far.bytesRead === part.length, 'it does not arrive')
      near.resetAndDestroy()
      assert.equal(await code, part === '' ? null : 'ERR_TCPNET_HELLO_ENDED')
    }
  })

  it('is a socket that is destroyed here', async () => {
    const { far } = await socketPair()
    const code = codeOf(far)
    far.destroy()
    assert.equal(await code, null)
  })
})

describe('giving up', () => {
  it('leaves the bytes where they are', async () => {
    const { near, far } = await socketPair()
    readLine(far, () => assert.fail('done was called'))()
    near.end(`${LINE}\n`)
    assert.equal((await readAll(far)).toString(), `${LINE}\n`)
  })

  it('works until the callback gets the line', async () => {
    const { near, far } = await socketPair()
    const stop = readLine(far, () => assert.fail('done was called'))
    // Runs after the listener of readLine, in the same event: the line has been read, and the callback was not called
    // yet.
    far.once('readable', stop)
    near.end(`${LINE}\n`)
    await readAll(far)
  })
})
