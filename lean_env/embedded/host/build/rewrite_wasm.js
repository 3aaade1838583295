'use strict';
/**
 * Rewrites the package's lean.wasm so that one thread of Node starts it fast:
 *
 *     node rewrite_wasm.js PACKAGE TARGET      reads PACKAGE/lean.wasm and PACKAGE/exports.json (made by lean_env/setup/glue.py),
 *                                              writes TARGET/slim.wasm, slim.json, symbols.bin
 *
 * 1. Exports: 200,000 become about 60: those in exports.json, those that the module imports from itself (GOT.*), and the
 *    mutable globals (for snapshots). Every formerly exported function has a slot in the function table instead, and
 *    symbols.bin maps its name to the slot.
 * 2. The function table becomes an import, so that runtime/invoke.js can share it with its helper module.
 * 3. Three functions get another body: task_manager::wait_for and lean_read_module_data_parts ask the host
 *    (runtime/scheduler.js, runtime/environments.js; the latter's old body moves to the end), spawn_worker does nothing.
 */
const fs = require('fs');
const path = require('path');
const { unsigned, signed, name, SECTION, KIND } = require('../runtime/wasm_bytes.js');
const { saveSymbols } = require('../runtime/symbols.js');
const { FILES, BORROWED_IMPORTS } = require('../runtime/boot.js');
const { ORIGINAL_READ } = require('../runtime/environments.js');
const { GLOBAL_PREFIX } = require('../runtime/memory_snapshot.js');
const { Reader, readSections, readImports, readFunctionTypes, readGlobals, readExports, readSlots } = require('./wasm_reader.js');

const WAIT_FOR = '_ZN4lean12task_manager8wait_forEP9lean_task';
const SPAWN_WORKER = '_ZN4lean12task_manager12spawn_workerEv';
const READ_PARTS = 'lean_read_module_data_parts';

/** Free slots behind the functions: the glue adds entries of its own. */
const SPARE_SLOTS = 64;

const OP = { localGet: 0x20, call: 0x10, end: 0x0b, i32Const: 0x41 };
const FUNCREF = 0x70;

/** @typedef {import('./wasm_reader.js').Section} Section */

/** A function body without locals that passes its parameters on. @param {number} parameters @param {number} target */
function forwardingBody(parameters, target) {
  const gets = Array.from({ length: parameters }, (_, i) => [OP.localGet, i]).flat();
  return Buffer.from([0, ...gets, OP.call, ...unsigned(target), OP.end]);
}

/** Everything about the old module that the new one depends on. @param {Buffer} bytes */
function analyse(bytes) {
  const reader = new Reader(bytes);
  const sections = readSections(reader);
  /** @param {number} id @returns {Section} */
  const section = (id) => {
    const found = sections.find((s) => s.id === id);
    if (!found) throw new Error(`lean.wasm has no section ${id}`);
    return found;
  };
  const imports = readImports(reader, section(SECTION.import));
  const functionImports = imports.filter((i) => i.kind === KIND.function);
  reader.vector(section(SECTION.table).start);
  if (reader.byte() !== FUNCREF) throw new Error('expected a table of functions');
  return {
    reader,
    sections,
    imports,
    functionImports,
    globalImports: imports.filter((i) => i.kind === KIND.global).length,
    tableSize: reader.limits().minimum,
    functionTypes: readFunctionTypes(reader, section(SECTION.function)),
    globals: readGlobals(reader, section(SECTION.global)),
    exports: readExports(reader, section(SECTION.export)),
    slots: readSlots(reader, section(SECTION.element)),
  };
}

/** @typedef {ReturnType<typeof analyse>} Module */

/**
 * New bodies by position among the defined functions, and the position of the function whose old body is appended.
 * @param {Module} module @param {Map<string, number>} functions  exported functions by name
 */
function hostCalls(module, functions) {
  const imported = module.functionImports.length;
  /** @param {string} symbol */
  const position = (symbol) => {
    const index = functions.get(symbol);
    if (index === undefined) throw new Error(`lean.wasm does not export ${symbol}`);
    return index - imported;
  };
  /** @param {string} symbol @param {string} importName @param {number} parameters @returns {[number, Buffer]} */
  const forward = (symbol, importName, parameters) => {
    const target = module.functionImports.findIndex((i) => i.field === importName);
    if (target < 0 || module.functionImports[target].type !== module.functionTypes[position(symbol)]) {
      throw new Error(`the import ${importName} does not have the type of ${symbol}`);
    }
    return [position(symbol), forwardingBody(parameters, target)];
  };
  return {
    bodies: new Map([
      forward(WAIT_FOR, BORROWED_IMPORTS.waitFor, 2),
      forward(READ_PARTS, BORROWED_IMPORTS.readModuleData, 1),
      /** @type {[number, Buffer]} */ ([position(SPAWN_WORKER), Buffer.from([0, OP.end])]),
    ]),
    appended: position(READ_PARTS),
  };
}

/** The code section with new bodies and one old body appended. @param {Buffer} bytes @param {Section} section @param {ReturnType<typeof hostCalls>} patch */
function codeSection(bytes, section, { bodies, appended }) {
  const reader = new Reader(bytes);
  const count = reader.vector(section.start);
  /** @type {Buffer[]} */
  const parts = [Buffer.from(unsigned(count + 1))];
  let copiedTo = reader.at;
  /** @type {Buffer} */
  let old = Buffer.alloc(0);
  for (let i = 0; i < count; i++) {
    const start = reader.at;
    const length = reader.unsigned();
    const end = reader.at + length;
    reader.at = end;
    if (i === appended) old = bytes.subarray(start, end);
    const body = bodies.get(i);
    if (!body) continue;
    parts.push(bytes.subarray(copiedTo, start), Buffer.from(unsigned(body.length)), body);
    copiedTo = end;
  }
  parts.push(bytes.subarray(copiedTo, section.end), old);
  return Buffer.concat(parts);
}

/** A vector with more items at its end. @param {Buffer} bytes @param {Section} section @param {number[]} items @param {number} more */
function extendedVector(bytes, section, items, more) {
  const reader = new Reader(bytes);
  const count = reader.vector(section.start);
  return Buffer.concat([Buffer.from(unsigned(count + more)), bytes.subarray(reader.at, section.end), Buffer.from(items)]);
}

/** @param {string} source @param {string} target */
function rewrite(source, target) {
  const bytes = fs.readFileSync(path.join(source, 'lean.wasm'));
  const module = analyse(bytes);
  const functions = new Map(module.exports.filter((e) => e.kind === KIND.function).map((e) => [e.name, e.index]));
  const data = new Map(module.exports.filter((e) => e.kind === KIND.global).map((e) => [e.name, e.index]));
  const patch = hostCalls(module, functions);
  const { slots } = module;
  functions.set(ORIGINAL_READ, module.functionImports.length + module.functionTypes.length);

  /** Functions that get a new slot, behind the old ones. @type {number[]} */
  const added = [];
  for (const index of functions.values()) {
    if (slots.has(index)) continue;
    slots.set(index, module.tableSize + added.length);
    added.push(index);
  }
  const tableSize = module.tableSize + added.length + SPARE_SLOTS;

  const keep = new Set(JSON.parse(fs.readFileSync(path.join(source, 'exports.json'), 'utf8')));
  for (const { module: from, field } of module.imports) if (from.startsWith('GOT.')) keep.add(field);
  const kept = module.exports.filter((e) => keep.has(e.name) || e.kind === KIND.memory);
  module.globals.forEach((global, i) => {
    const index = i + module.globalImports;
    if (global.mutable) kept.push({ name: GLOBAL_PREFIX + index, kind: KIND.global, index });
  });

  const parts = [bytes.subarray(0, 8)];
  for (const section of module.sections) {
    if (section.id === SECTION.table) continue; // imported now
    let content = bytes.subarray(section.start, section.end);
    if (section.id === SECTION.import) {
      const table = [...name('env'), ...name('__indirect_function_table'), KIND.table, FUNCREF, 0, ...unsigned(tableSize)];
      content = extendedVector(bytes, section, table, 1);
    } else if (section.id === SECTION.function) {
      content = extendedVector(bytes, section, unsigned(module.functionTypes[patch.appended]), 1);
    } else if (section.id === SECTION.export) {
      content = Buffer.from([...unsigned(kept.length), ...kept.flatMap((e) => [...name(e.name), e.kind, ...unsigned(e.index)])]);
    } else if (section.id === SECTION.element) {
      const segment = [0, OP.i32Const, ...signed(module.tableSize), OP.end, ...unsigned(added.length)];
      for (const index of added) segment.push(...unsigned(index));
      content = extendedVector(bytes, section, segment, 1);
    } else if (section.id === SECTION.code) content = codeSection(bytes, section, patch);
    parts.push(Buffer.from([section.id, ...unsigned(content.length)]), content);
  }
  fs.writeFileSync(path.join(target, FILES.wasm), Buffer.concat(parts));
  fs.writeFileSync(path.join(target, FILES.wasmFacts), JSON.stringify({ tableSize, exports: kept.length }));

  const symbols = [...functions].map(([symbol, index]) => ({ name: symbol, isData: false, value: /** @type {number} */ (slots.get(index)) }));
  for (const [symbol, index] of data) {
    const value = module.globals[index - module.globalImports]?.value;
    if (value != null) symbols.push({ name: symbol, isData: true, value: value >>> 0 });
  }
  saveSymbols(path.join(target, FILES.symbols), symbols);
}

if (require.main === module) rewrite(process.argv[2], process.argv[3]);
