'use strict';
/**
 * The symbol file: the name of a former wasm export -> slot in the function table, or address of a datum.
 *
 * Lean exports 200,000 names. As real wasm exports they cost seconds at every start; as one open-addressing hash table
 * in a file they cost one read (25 ms for 29 MB). Written at installation (build/rewrite_wasm.js), read at every start.
 *
 * Layout, little-endian u32: [slots, entries, 0, 0], then per slot [hash, offset of name, 2 * length + isData, value]
 * (length 0 = empty slot), then all names as Latin-1.
 */
const fs = require('fs');

/** @typedef {{isData: boolean, value: number}} Symbol  value: table slot of a function, or address of a datum */
/** @typedef {(name: string) => Symbol | null} LookUp */

/** FNV-1a, 32 bits. @param {string} name */
function hash(name) {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** @param {string} file @param {Array<{name: string, isData: boolean, value: number}>} entries  names are unique */
function saveSymbols(file, entries) {
  let slots = 1;
  while (slots < entries.length * 1.6) slots *= 2;
  const table = new Uint32Array(4 + 4 * slots);
  table[0] = slots;
  table[1] = entries.length;
  const names = [];
  let offset = 0;
  for (const { name, isData, value } of entries) {
    const bytes = Buffer.from(name, 'latin1');
    names.push(bytes);
    let slot = hash(name) & (slots - 1);
    while (table[4 + 4 * slot + 2]) slot = (slot + 1) & (slots - 1);
    table.set([hash(name), offset, ((bytes.length << 1) | Number(isData)) >>> 0, value], 4 + 4 * slot);
    offset += bytes.length;
  }
  fs.writeFileSync(file, Buffer.concat([Buffer.from(table.buffer), ...names]));
}

/** @param {string} file @returns {LookUp} */
function loadSymbols(file) {
  const bytes = fs.readFileSync(file);
  const table = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const slots = table[0];
  const names = 16 + 16 * slots;
  /** @type {Map<string, Symbol | null>} */
  const found = new Map();

  /** @param {string} name @returns {Symbol | null} */
  function search(name) {
    const h = hash(name);
    for (let slot = h & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const at = 4 + 4 * slot;
      const length = table[at + 2] >>> 1;
      if (!length) return null;
      if (table[at] !== h || length !== name.length) continue;
      const start = names + table[at + 1];
      if (bytes.toString('latin1', start, start + length) === name) {
        return { isData: Boolean(table[at + 2] & 1), value: table[at + 3] };
      }
    }
  }

  return function lookUp(name) {
    let symbol = found.get(name);
    if (symbol === undefined) {
      symbol = search(name);
      found.set(name, symbol);
    }
    return symbol;
  };
}

module.exports = { saveSymbols, loadSymbols };
