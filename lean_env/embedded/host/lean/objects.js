'use strict';
// Small operations on Lean objects that the object layer leaves to us.

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */

/** Object header: 4 bytes reference count, 2 bytes size, 1 byte number of object fields, 1 byte tag. */
const HEADER_BYTES = 8;

/**
 * A copy of a constructor object with some object fields replaced; scalar fields are kept.
 * @param {Lean} lean
 * @param {Pointer} object   consumed
 * @param {Record<number, Pointer>} replacements   owned values by field index
 * @returns {Pointer} owned
 */
function withFields(lean, object, replacements) {
  const count = lean.fieldCount(object);
  const size = lean.u8()[object + 4] | (lean.u8()[object + 5] << 8);
  const scalarStart = HEADER_BYTES + 4 * count;
  const fields = [];
  for (let i = 0; i < count; i++) fields.push(i in replacements ? replacements[i] : lean.inc(lean.field(object, i)));
  const copy = lean.makeCtor(lean.tag(object), fields, size - scalarStart);
  lean.u8().copyWithin(copy + scalarStart, object + scalarStart, object + size);
  lean.dec(object);
  return copy;
}

/**
 * One scalar byte of a constructor object.
 * @param {Lean} lean
 * @param {Pointer} object   borrowed
 * @param {number} offset    behind the object fields
 */
function scalarByte(lean, object, offset) {
  return lean.u8()[object + HEADER_BYTES + 4 * lean.fieldCount(object) + offset];
}

/**
 * Field of an object that is given up: the field is owned by the caller, the object is released.
 * @param {Lean} lean
 * @param {Pointer} object   consumed
 * @param {number} index
 * @returns {Pointer} owned
 */
function takeField(lean, object, index) {
  const value = lean.inc(lean.field(object, index));
  lean.dec(object);
  return value;
}

/**
 * The constant of that name.
 * @param {Lean} lean
 * @param {Pointer} environment   borrowed
 * @param {Pointer} name          borrowed
 * @param {{realized?: boolean}} [where]  `realized`: also among what Lean made on demand while it elaborated something else
 * @returns {Pointer | null} owned ConstantInfo
 */
function findConstant(lean, environment, name, { realized = false } = {}) {
  // Environment.find? env name skipRealize
  const option = lean.call('l_Lean_Environment_find_x3f', lean.inc(environment), lean.inc(name), lean.box(realized ? 0 : 1));
  return option & 1 ? null : takeField(lean, option, 0);
}

/**
 * @param {Lean} lean
 * @param {Pointer} environment   borrowed
 * @param {Pointer} name          borrowed
 */
function hasConstant(lean, environment, name) {
  const info = findConstant(lean, environment, name);
  if (info === null) return false;
  lean.dec(info);
  return true;
}

/** ConstantInfo constructor tags, in Lean's order. */
const KINDS = /** @type {const} */ (['axiom', 'def', 'thm', 'opaque', 'quot', 'induct', 'ctor', 'rec']);

/**
 * Reads a ConstantInfo; everything borrowed from it. All eight constructors hold one `*Val` whose field 0 is ConstantVal
 * {name, levelParams, type}; definitions, theorems and opaques have the value in field 1.
 * @param {Lean} lean
 * @param {Pointer} info   borrowed
 */
function readConstant(lean, info) {
  const kind = KINDS[lean.tag(info)];
  const payload = lean.field(info, 0);
  const header = lean.field(payload, 0);
  const hasValue = kind === 'def' || kind === 'thm' || kind === 'opaque';
  return {
    kind,
    payload,
    name: lean.field(header, 0),
    levels: lean.field(header, 1),
    type: lean.field(header, 2),
    value: hasValue ? lean.field(payload, 1) : null,
  };
}

/**
 * The constants that occur in an expression.
 * @param {Lean} lean
 * @param {Pointer} expression   borrowed
 * @param {(name: Pointer) => void} visit   gets a borrowed name
 */
function forEachUsedConstant(lean, expression, visit) {
  const names = lean.call('l_Lean_Expr_getUsedConstants', lean.inc(expression));
  for (const name of lean.arrayItems(names)) visit(name);
  lean.dec(names);
}

/**
 * @param {Lean} lean
 * @param {Pointer} mctx         borrowed MetavarContext
 * @param {Pointer} expression   consumed
 * @returns {Pointer} owned
 */
function instantiate(lean, mctx, expression) {
  return takeField(lean, lean.call('l_Lean_instantiateMVarsCore', lean.inc(mctx), expression), 0);
}

/**
 * A Bool-valued Lean function of one argument.
 * @param {Lean} lean
 * @param {string} symbol
 * @param {Pointer} argument   borrowed
 */
function test(lean, symbol, argument) {
  return lean.call(symbol, lean.inc(argument)) >> 1 !== 0;
}

module.exports = {
  HEADER_BYTES,
  KINDS,
  withFields,
  scalarByte,
  takeField,
  findConstant,
  hasConstant,
  readConstant,
  forEachUsedConstant,
  instantiate,
  test,
};
