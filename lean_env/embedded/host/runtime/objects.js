'use strict';
/**
 * Lean objects in wasm memory: reading, building, reference counts, calls.
 *
 * A value is a 32-bit word. Odd: a boxed scalar 2n+1 (unit, none, nil, false and the anonymous name are box(0)). Even: the
 * address of an object: i32 reference count | u16 size | u8 number of object fields | u8 tag | fields | scalars. Count > 0
 * belongs to this thread, 0 is persistent and must never be touched, < 0 is atomic.
 * An *owned* value must be given away or `dec`ed exactly once; a *borrowed* one (field, globalValue, items) lives as long
 * as what it was read from.
 * (Lean 4 runtime, src/include/lean/lean.h of the packaged commit; wasm32.)
 */

const TAG = { array: 246, string: 249 };
const HEADER_BYTES = 8;
const ARRAY_ITEMS = 16; // bytes from the object's start; the size is at +8
const STRING_BYTES = 20; // the size in bytes, with the final NUL, is at +8

/** @typedef {number} Value  a Lean value as described above */
/** @typedef {((...args: any[]) => any) & {value: number}} Callable  a wasm function; for a datum only `value` (its address) exists */
/** @typedef {ReturnType<typeof createObjects>} Objects */

/**
 * @param {{exports: any, memory: WebAssembly.Memory, table: WebAssembly.Table, lookUp: import('./symbols.js').LookUp}} wasm
 */
function createObjects(wasm) {
  /** @type {Map<string, Callable | undefined>} */
  const resolved = new Map();

  /** @param {string} name @returns {Callable | undefined} */
  function resolve(name) {
    if (resolved.has(name)) return resolved.get(name);
    let callable = wasm.exports[name];
    const symbol = callable ? null : wasm.lookUp(name);
    if (symbol) callable = symbol.isData ? { value: symbol.value } : wasm.table.get(symbol.value);
    resolved.set(name, callable);
    return callable;
  }

  /** A function of Lean or of its runtime by symbol name, or {value: address} of a datum. @param {string} name */
  function fn(name) {
    const callable = resolve(name);
    if (!callable) throw new Error(`Lean has no symbol ${name}`);
    return callable;
  }

  /**
   * Calls a compiled Lean function with owned, boxed arguments: the `___boxed` variant where there is one. The world
   * token is erased, but a boxed variant may still take an argument for it: it is added when one argument is missing.
   * @param {string} name @param {...Value} args @returns {Value}
   */
  function call(name, ...args) {
    const callable = resolve(name + '___boxed') || fn(name);
    if (callable.length === args.length + 1) args.push(box(0));
    if (callable.length !== args.length) throw new Error(`${name} takes ${callable.length} arguments, got ${args.length}`);
    return callable(...args);
  }

  let { buffer } = wasm.memory;
  let bytes = new Uint8Array(buffer);
  let ints = new Int32Array(buffer);
  let words = new Uint32Array(buffer);
  /** Views of the memory die when it grows; every access goes through here. */
  function refresh() {
    if (wasm.memory.buffer === buffer) return;
    buffer = wasm.memory.buffer;
    bytes = new Uint8Array(buffer);
    ints = new Int32Array(buffer);
    words = new Uint32Array(buffer);
  }
  function u8() {
    refresh();
    return bytes;
  }
  function i32() {
    refresh();
    return ints;
  }
  function u32() {
    refresh();
    return words;
  }

  /** @param {number} n  0 <= n < 2^31 @returns {Value} */
  function box(n) {
    return ((n << 1) | 1) >>> 0;
  }

  /** @param {Value} p */
  function tag(p) {
    return u8()[p + 7];
  }

  /** @param {Value} p */
  function fieldCount(p) {
    return u8()[p + 6];
  }

  /** @param {Value} p */
  function refCount(p) {
    return i32()[p >> 2];
  }

  /** Borrowed. @param {Value} p @param {number} i @returns {Value} */
  function field(p, i) {
    return u32()[((p + HEADER_BYTES) >> 2) + i];
  }

  /** One more reference; returns p. @param {Value} p @returns {Value} */
  function inc(p) {
    if (p & 1) return p;
    const count = refCount(p);
    if (count > 0) ints[p >> 2] = count + 1;
    else if (count < 0) Atomics.sub(ints, p >> 2, 1);
    return p;
  }

  /** @param {Value} p */
  function dec(p) {
    if (p & 1) return;
    const count = refCount(p);
    if (count > 1) ints[p >> 2] = count - 1;
    else if (count !== 0) fn('lean_dec_ref_cold')(p);
  }

  /**
   * A constructor object; the scalar area is zero.
   * @param {number} constructorTag @param {Value[]} fields  owned @param {number} [scalarBytes] @returns {Value}
   */
  function makeCtor(constructorTag, fields, scalarBytes = 0) {
    const size = HEADER_BYTES + 4 * fields.length + scalarBytes;
    const p = fn('lean_alloc_object')(size);
    const memory = u8();
    ints[p >> 2] = 1;
    memory[p + 4] = size & 255;
    memory[p + 5] = size >> 8;
    memory[p + 6] = fields.length;
    memory[p + 7] = constructorTag;
    words.set(fields, (p + HEADER_BYTES) >> 2);
    memory.fill(0, p + size - scalarBytes, p + size);
    return p;
  }

  /** @param {string} text @returns {Value} */
  function makeString(text) {
    const utf8 = Buffer.from(text, 'utf8');
    const at = fn('malloc')(utf8.length + 1);
    u8().set(utf8, at);
    u8()[at + utf8.length] = 0;
    const p = fn('lean_mk_string_from_bytes')(at, utf8.length);
    fn('free')(at);
    return p;
  }

  /** @param {Value} p */
  function readString(p) {
    const length = u32()[(p + 8) >> 2] - 1;
    // Buffer cannot decode shared memory; slice copies it into plain memory first.
    return Buffer.from(u8().slice(p + STRING_BYTES, p + STRING_BYTES + length)).toString('utf8');
  }

  /** Reads and gives back. @param {Value} p  owned */
  function takeString(p) {
    const text = readString(p);
    dec(p);
    return text;
  }

  /** Borrowed items. @param {Value} p  Array */
  function arrayItems(p) {
    const size = u32()[(p + 8) >> 2];
    return Array.from(words.subarray((p + ARRAY_ITEMS) >> 2, ((p + ARRAY_ITEMS) >> 2) + size));
  }

  /** @param {Value[]} items  owned @returns {Value} */
  function makeArray(items) {
    let array = fn('lean_mk_array')(box(0), box(0));
    for (const item of items) array = fn('lean_array_push')(array, item);
    return array;
  }

  /** Borrowed items. @param {Value} p  List */
  function listItems(p) {
    const items = [];
    for (; !(p & 1); p = field(p, 1)) items.push(field(p, 0));
    return items;
  }

  /** @param {Value[]} items  owned @returns {Value} */
  function makeList(items) {
    return items.reduceRight((tail, head) => makeCtor(1, [head, tail]), box(0));
  }

  /** @param {Array<string | number>} parts  numbers become numeric components @returns {Value} */
  function nameFrom(parts) {
    let prefix = box(0);
    for (const part of parts) {
      prefix = typeof part === 'number'
        ? fn('lean_name_mk_numeral')(prefix, box(part))
        : fn('lean_name_mk_string')(prefix, makeString(part));
    }
    return prefix;
  }

  /** Splits at dots; components of digits are numeric; '' is the anonymous name. @param {string} dotted @returns {Value} */
  function makeName(dotted) {
    if (dotted === '') return box(0);
    return nameFrom(dotted.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)));
  }

  /** A Nat in decimal. From 2^31 on it is a pointer to digits, no boxed number: Lean's own hygiene puts hashes of 32
   * bits into names. @param {Value} nat  borrowed */
  function natToString(nat) {
    return nat & 1 ? String(nat >>> 1) : takeString(call('l_Nat_reprFast', inc(nat)));
  }

  /** Components joined by dots, nothing quoted: the inverse of makeName unless a component contains a dot. @param {Value} name */
  function nameToString(name) {
    const parts = [];
    for (; !(name & 1); name = field(name, 0)) {
      const last = field(name, 1);
      parts.push(tag(name) === 2 ? natToString(last) : readString(last));
    }
    return parts.reverse().join('.');
  }

  /** The value of an IO result; throws what the IO action threw. @param {Value} result  owned @returns {Value} owned */
  function unwrapIO(result) {
    if (tag(result) === 1) {
      const message = takeString(fn('lean_io_error_to_string')(inc(field(result, 0))));
      dec(result);
      throw new Error(message);
    }
    const value = inc(field(result, 0));
    dec(result);
    return value;
  }

  /** The value of a global constant, borrowed. @param {string} symbol @returns {Value} */
  function globalValue(symbol) {
    return u32()[fn(symbol).value >> 2];
  }

  /** @returns {Value} owned, the empty Options */
  function emptyOptions() {
    return inc(globalValue('l_Lean_Options_empty'));
  }

  /** @param {Value} value  owned @returns {Value} an IO.Ref */
  function makeRef(value) {
    return fn('lean_st_mk_ref')(value);
  }

  /** @param {Value} ref @returns {Value} owned */
  function readRef(ref) {
    return inc(field(ref, 0));
  }

  /** @param {string} name  whether `fn(name)` would find it */
  function hasSymbol(name) {
    return resolve(name) !== undefined;
  }

  /** Size of the wasm memory; it never shrinks. */
  function memoryBytes() {
    return u8().length;
  }

  return {
    fn, call, hasSymbol, box, tag, fieldCount, refCount, field, inc, dec, makeCtor, makeString, readString, takeString,
    arrayItems, makeArray, listItems, makeList, makeName, nameFrom, natToString, nameToString, unwrapIO, globalValue, emptyOptions,
    makeRef, readRef, u8, u32, i32, memoryBytes,
  };
}

module.exports = { createObjects, TAG };
