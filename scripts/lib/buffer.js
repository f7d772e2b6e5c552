// The result of require('buffer') for CommonJS packages in the bundle, for which the bundler makes no import.
export const { Buffer } = globalThis
