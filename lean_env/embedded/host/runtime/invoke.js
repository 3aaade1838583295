'use strict';
/**
 * Emscripten's `invoke_<signature>(function, arguments...)` as a small wasm module.
 *
 * C++ code that may throw is called through these; in the package they are JavaScript functions, and crossing from wasm
 * to JavaScript and back at every such call is slow. Here they are wasm: call through the table; on an exception, if it
 * is a C++ one, rewind the stack pointer and tell the caller by setThrew(1, 0); let any other exception (a JavaScript
 * RangeError, an exit) pass. C++ exceptions are told apart by a flag that the wrapped throw functions set.
 */
const { unsigned, signed, name, section, HEADER, VALUE_TYPE } = require('./wasm_bytes.js');

/** Imports that throw a C++ exception or longjmp. */
const THROWING = ['__cxa_throw', '__resumeException', '__cxa_rethrow', '_emscripten_throw_longjmp', '__cxa_rethrow_primary_exception'];

const OP = {
  block: { void: 0x40 }, try: 0x06, catchAll: 0x19, rethrow: 0x09, if: 0x04, end: 0x0b,
  localGet: 0x20, localSet: 0x21, globalGet: 0x23, globalSet: 0x24, i32Const: 0x41, i32Eqz: 0x45, callIndirect: 0x11,
};

/** The zero that an invoke returns after an exception. @type {Record<string, number[]>} */
const ZERO = { i: [0x41, 0], j: [0x42, 0], f: [0x43, 0, 0, 0, 0], d: [0x44, 0, 0, 0, 0, 0, 0, 0, 0], v: [] };

/**
 * @typedef {{stackGet: number, stackRestore: number, setThrew: number}} Slots  table slots of three runtime functions
 */

/** @param {string} letter @returns {number} */
function valueType(letter) {
  return VALUE_TYPE[/** @type {keyof typeof VALUE_TYPE} */ (letter)];
}

/** Collects function types; `index(parameters, result)` returns the number of one. */
function typeTable() {
  /** @type {number[][]} */
  const types = [];
  /** @type {Map<string, number>} */
  const known = new Map();
  return {
    types,
    /** @param {string} parameters @param {string} result letters i j f d; result also v */
    index(parameters, result) {
      const key = parameters + ':' + result;
      let at = known.get(key);
      if (at === undefined) {
        at = types.length;
        known.set(key, at);
        types.push([0x60, ...unsigned(parameters.length), ...[...parameters].map(valueType), ...(result === 'v' ? [0] : [1, valueType(result)])]);
      }
      return at;
    },
  };
}

/**
 * @param {string[]} names  like `invoke_viii`: result, then parameters ("v" alone: none)
 * @param {Slots} slots
 * @returns {Uint8Array<ArrayBuffer>} a module that imports e.t (table) and e.g (flag) and exports the names
 */
function invokeModule(names, slots) {
  const { types, index } = typeTable();
  /** @param {number} slot @param {number} type */
  const callSlot = (slot, type) => [OP.i32Const, ...signed(slot), OP.callIndirect, ...unsigned(type), 0];
  const returnsStack = index('', 'i');
  const takesOne = index('i', 'v');
  const takesTwo = index('ii', 'v');

  const functions = names.map((invoke) => {
    const signature = invoke.slice('invoke_'.length);
    const result = signature[0];
    const parameters = signature.slice(1).replace(/v/g, '');
    const savedStack = parameters.length + 1; // local after the function index and the parameters
    const body = [
      1, 1, VALUE_TYPE.i, // one local: the stack pointer on entry
      ...callSlot(slots.stackGet, returnsStack), OP.localSet, ...unsigned(savedStack),
      OP.try, result === 'v' ? OP.block.void : valueType(result),
      ...[...parameters].flatMap((_, i) => [OP.localGet, ...unsigned(i + 1)]),
      OP.localGet, 0, OP.callIndirect, ...unsigned(index(parameters, result)), 0,
      OP.catchAll,
      OP.globalGet, 0, OP.i32Eqz, OP.if, OP.block.void, OP.rethrow, 1, OP.end, // not a C++ exception
      OP.i32Const, 0, OP.globalSet, 0,
      OP.localGet, ...unsigned(savedStack), ...callSlot(slots.stackRestore, takesOne),
      OP.i32Const, 1, OP.i32Const, 0, ...callSlot(slots.setThrew, takesTwo),
      ...ZERO[result], OP.end, OP.end,
    ];
    return { name: invoke, type: index('i' + parameters, result), code: [...unsigned(body.length), ...body] };
  });

  return Uint8Array.from([
    ...HEADER,
    ...section(1, [...unsigned(types.length), ...types.flat()]),
    ...section(2, [2, ...name('e'), ...name('t'), 1, 0x70, 0, 1, ...name('e'), ...name('g'), 3, VALUE_TYPE.i, 1]),
    ...section(3, [...unsigned(functions.length), ...functions.flatMap((f) => unsigned(f.type))]),
    ...section(7, [...unsigned(functions.length), ...functions.flatMap((f, i) => [...name(f.name), 0, ...unsigned(i)])]),
    ...section(10, [...unsigned(functions.length), ...functions.flatMap((f) => f.code)]),
  ]);
}

/**
 * Puts the invoke functions, and throw functions that set the flag, into the import object of Lean's module.
 * @param {Record<string, any>} env  the `env` part of the import object; changed in place
 * @param {WebAssembly.Module} module
 * @param {WebAssembly.Table} table
 * @param {import('./symbols.js').LookUp} lookUp
 */
function installInvokes(env, module, table, lookUp) {
  const flag = new WebAssembly.Global({ value: 'i32', mutable: true }, 0);
  const names = WebAssembly.Module.imports(module)
    .filter((x) => x.kind === 'function' && x.name.startsWith('invoke_'))
    .map((x) => x.name);
  /** @param {string} symbol */
  const slot = (symbol) => {
    const found = lookUp(symbol);
    if (!found) throw new Error(`the symbol file lacks ${symbol}`);
    return found.value;
  };
  const bytes = invokeModule(names, {
    stackGet: slot('emscripten_stack_get_current'),
    stackRestore: slot('_emscripten_stack_restore'),
    setThrew: slot('setThrew'),
  });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { t: table, g: flag } });
  for (const invoke of names) env[invoke] = exports[invoke];
  for (const throwing of THROWING) {
    const original = env[throwing];
    if (!original) continue;
    /** @param {...any} args */
    const flagged = (...args) => {
      flag.value = 1;
      return original(...args);
    };
    flagged.sig = original.sig; // the glue reads the signature when it puts the function into the table
    env[throwing] = flagged;
  }
}

module.exports = { installInvokes };
