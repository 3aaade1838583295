'use strict';
/** Writing pieces of the WebAssembly binary format (https://webassembly.github.io/spec/core/binary/). */

/** Unsigned LEB128. @param {number} n  0 <= n < 2^53 @returns {number[]} */
function unsigned(n) {
  const bytes = [];
  do {
    let byte = n % 128;
    n = Math.floor(n / 128);
    if (n) byte |= 128;
    bytes.push(byte);
  } while (n);
  return bytes;
}

/** Signed LEB128. @param {number} n  a 32-bit integer @returns {number[]} */
function signed(n) {
  const bytes = [];
  for (;;) {
    const byte = n & 127;
    n >>= 7;
    if ((n === 0 && !(byte & 64)) || (n === -1 && byte & 64)) {
      bytes.push(byte);
      return bytes;
    }
    bytes.push(byte | 128);
  }
}

/** Length and bytes of a name. @param {string} text @returns {number[]} */
function name(text) {
  const bytes = Buffer.from(text, 'utf8');
  return [...unsigned(bytes.length), ...bytes];
}

/** A section: id, length, content. @param {number} id @param {number[]} content @returns {number[]} */
function section(id, content) {
  return [id, ...unsigned(content.length), ...content];
}

/** The magic number and version that open a module. */
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

const VALUE_TYPE = { i: 0x7f, j: 0x7e, f: 0x7d, d: 0x7c };

const SECTION = { custom: 0, type: 1, import: 2, function: 3, table: 4, memory: 5, global: 6, export: 7, element: 9, code: 10 };

const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 };

module.exports = { unsigned, signed, name, section, HEADER, VALUE_TYPE, SECTION, KIND };
