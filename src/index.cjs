// require('tcpnet') gives the callable function: Node takes it from the export of index.js that is named 'module.exports'.
// Bundlers give all exports.
const given = require('./index.js')

module.exports = given['module.exports'] ?? given
