// Makes JavaScript shorter, without a change of the names that stack traces show.
import { minify, parse } from '@swc/core'

/**
 * Shortens the names of variables and private fields. Those of functions, classes and methods stay, for the stack traces in an
 * application's log: esbuild would shorten these, too.
 */
export async function shortened(text) {
  const classes = [...text.matchAll(/([\w$]+)=class\b/g)].map(([, name]) => name)
  const mangle = {
    toplevel: true,
    keep_fnames: true,
    keep_classnames: true,
    keep_private_props: true,
    reserved: classes
  }
  const { code } = await minify(text, { module: true, compress: false, mangle })
  return inLines(await withShortFields(code))
}

async function withShortFields(code) {
  const nodes = []
  const collect = (node) => {
    if (typeof node !== 'object' || node === null) return
    if (node.type !== undefined) nodes.push(node)
    for (const value of Object.values(node)) collect(value)
  }
  const module = await parse(code, { syntax: 'ecmascript', target: 'es2022' })
  collect(module)
  // A field may hold a function, which is then called like the field.
  const methods = nodes.filter(({ type, value }) => type === 'PrivateMethod' || /Function/.test(value?.type))
  const kept = new Set(methods.map(({ key }) => key?.value))
  const uses = nodes.filter(({ type, value }) => type === 'PrivateName' && !kept.has(value))
  const short = new Map()
  for (const { value } of uses) if (!short.has(value)) short.set(value, `_${short.size.toString(36)}`)
  return replaced(code, module.span.start, uses, short)
}

/** Replaces private names where the parser has found them: it counts bytes. */
function replaced(code, start, uses, short) {
  const bytes = Buffer.from(code)
  const parts = []
  let done = 0
  for (const { span, value } of uses.toSorted((one, other) => one.span.start - other.span.start)) {
    const [from, to] = [span.start - start, span.end - start]
    if (bytes.toString('utf8', from, to) !== `#${value}`)
      throw new Error(`#${value} is not where the parser has found it`)
    parts.push(bytes.toString('utf8', done, from), `#${short.get(value)}`)
    done = to
  }
  return parts.join('') + bytes.toString('utf8', done)
}

/** Begins a line with each declaration and method: Node shows the line of an exception that nobody catches. */
export const inLines = (text) =>
  text.replace(
    /([;}])((?:async )?(?:function|class|var|let|const) |(?:static |async |get |set )*#?[\w$]+\([\w$,=]*\)\{)/g,
    '$1\n$2'
  )
