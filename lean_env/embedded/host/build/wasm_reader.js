'use strict';
/** Reading the WebAssembly binary format, as far as build/rewrite_wasm.js needs it. */
const { KIND } = require('../runtime/wasm_bytes.js');

/** @typedef {{id: number, start: number, end: number}} Section  byte range of its content */
/** @typedef {{field: string, module: string, kind: number, type: number}} Import  type: of a function, else -1 */
/** @typedef {{name: string, kind: number, index: number}} Export */
/** @typedef {{mutable: boolean, value: number | null}} Global  value: null when it is another global's */

class Reader {
  /** @param {Buffer} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  byte() {
    return this.bytes[this.at++];
  }

  /** Unsigned LEB128. */
  unsigned() {
    let result = 0;
    let scale = 1;
    let byte;
    do {
      byte = this.byte();
      result += (byte & 127) * scale;
      scale *= 128;
    } while (byte & 128);
    return result;
  }

  /** Signed LEB128 of a 32-bit integer. */
  signed() {
    let result = 0n;
    let shift = 0n;
    let byte;
    do {
      byte = this.byte();
      result |= BigInt(byte & 127) << shift;
      shift += 7n;
    } while (byte & 128);
    if (byte & 64) result |= -1n << shift;
    return Number(BigInt.asIntN(32, result));
  }

  name() {
    const length = this.unsigned();
    this.at += length;
    return this.bytes.toString('latin1', this.at - length, this.at);
  }

  /** Limits of a table or memory. @returns {{minimum: number}} */
  limits() {
    const flags = this.byte();
    const minimum = this.unsigned();
    if (flags & 1) this.unsigned();
    return { minimum };
  }

  /** @param {number} start  where the section's content begins; positions the reader @returns {number} the count of its vector */
  vector(start) {
    this.at = start;
    return this.unsigned();
  }
}

/** @param {Reader} reader @returns {Section[]} */
function readSections(reader) {
  const sections = [];
  reader.at = 8;
  while (reader.at < reader.bytes.length) {
    const id = reader.byte();
    const length = reader.unsigned();
    sections.push({ id, start: reader.at, end: reader.at + length });
    reader.at += length;
  }
  return sections;
}

/** @param {Reader} reader @param {Section} section @returns {Import[]} */
function readImports(reader, section) {
  const imports = [];
  for (let count = reader.vector(section.start); count > 0; count--) {
    const module = reader.name();
    const field = reader.name();
    const kind = reader.byte();
    let type = -1;
    if (kind === KIND.function) type = reader.unsigned();
    else if (kind === KIND.table) {
      reader.byte();
      reader.limits();
    } else if (kind === KIND.memory) reader.limits();
    else if (kind === KIND.global) reader.at += 2;
    else {
      reader.byte();
      reader.unsigned();
    }
    imports.push({ module, field, kind, type });
  }
  return imports;
}

/** Type index of every defined function. @param {Reader} reader @param {Section} section @returns {number[]} */
function readFunctionTypes(reader, section) {
  const types = [];
  for (let count = reader.vector(section.start); count > 0; count--) types.push(reader.unsigned());
  return types;
}

/** @param {Reader} reader @param {Section} section @returns {Global[]} */
function readGlobals(reader, section) {
  const I32_CONST = 0x41, GLOBAL_GET = 0x23, END = 0x0b;
  const globals = [];
  for (let count = reader.vector(section.start); count > 0; count--) {
    reader.byte(); // value type
    const mutable = reader.byte() === 1;
    const op = reader.byte();
    let value = null;
    if (op === I32_CONST) value = reader.signed();
    else if (op === GLOBAL_GET) reader.unsigned();
    else throw new Error(`a global starts with an unexpected instruction ${op}`);
    if (reader.byte() !== END) throw new Error('a global does not end where it should');
    globals.push({ mutable, value });
  }
  return globals;
}

/** @param {Reader} reader @param {Section} section @returns {Export[]} */
function readExports(reader, section) {
  const exports = [];
  for (let count = reader.vector(section.start); count > 0; count--) {
    exports.push({ name: reader.name(), kind: reader.byte(), index: reader.unsigned() });
  }
  return exports;
}

/** The one active element segment: table slot of every function in it. @param {Reader} reader @param {Section} section @returns {Map<number, number>} */
function readSlots(reader, section) {
  if (reader.vector(section.start) !== 1 || reader.unsigned() !== 0 || reader.byte() !== 0x41) {
    throw new Error('expected one active element segment');
  }
  const first = reader.signed();
  reader.byte(); // end of the offset expression
  /** @type {Map<number, number>} */
  const slots = new Map();
  const count = reader.unsigned();
  for (let i = 0; i < count; i++) {
    const index = reader.unsigned();
    if (!slots.has(index)) slots.set(index, first + i);
  }
  return slots;
}

module.exports = { Reader, readSections, readImports, readFunctionTypes, readGlobals, readExports, readSlots };
