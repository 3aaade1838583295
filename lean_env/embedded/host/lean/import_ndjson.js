'use strict';
/**
 * lean4export NDJSON back into Lean's terms, built by Lean's own constructors: the hashes and bound-variable ranges that a
 * kernel relies on are computed here, none is taken from the text.
 */
const { BINDER_INFOS, SAFETIES } = require('./export_ndjson.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */

/** `axioms`: an inductive group's types and constructors as axioms, none for anything else. Levels and type are a constant's, null for a group.
 *  @typedef {{kind: 'def' | 'thm' | 'opaque' | 'inductive', name: string, levels: Pointer | null, type: Pointer | null, declaration: Pointer, axioms: Pointer[]}} ImportedDeclaration */

/** The constructors used, with the number of their arguments: a build with others must not be called. */
const ARITIES = {
  lean_name_mk_string: 2, lean_name_mk_numeral: 2,
  lean_level_mk_zero: 1, lean_level_mk_succ: 1, lean_level_mk_max: 2, lean_level_mk_imax: 2, lean_level_mk_param: 1,
  lean_expr_mk_bvar: 1, lean_expr_mk_sort: 1, lean_expr_mk_const: 2, lean_expr_mk_app: 2, lean_expr_mk_lambda: 4,
  lean_expr_mk_forall: 4, lean_expr_mk_let: 5, lean_expr_mk_lit: 1, lean_expr_mk_proj: 3, lean_cstr_to_nat: 1,
};

/** Declaration and ConstantInfo agree on these tags. */
const DECLARATION_TAGS = /** @type {const} */ ({ axiom: 0, def: 1, thm: 2, opaque: 3, inductive: 6 });
const CONSTANT_KINDS = new Set(['def', 'thm', 'opaque']);
const LITERAL_TAGS = { natVal: 0, strVal: 1 };
const HINT_TAGS = { opaque: 0, abbrev: 1, regular: 2 };

/** Larger indices have no boxed form in this reader; the kernel itself stops at 2^20. */
const MAX_INDEX = 2 ** 30;

/** @param {Lean} lean  throws when a constructor is missing or takes other arguments */
function checkConstructors(lean) {
  for (const [symbol, arity] of Object.entries(ARITIES)) {
    const { length } = lean.fn(symbol);
    if (length !== arity) throw new Error(`${symbol} takes ${length} arguments, not ${arity}`);
  }
}

class NdjsonReader {
  /** @param {Lean} lean */
  constructor(lean) {
    this.lean = lean;
    // Owned values by number.
    /** @type {Map<unknown, Pointer>} */
    this.names = new Map([[0, lean.box(0)]]);
    /** @type {Map<unknown, Pointer>} */
    this.levels = new Map([[0, lean.fn('lean_level_mk_zero')(lean.box(0))]]);
    /** @type {Map<unknown, Pointer>} */
    this.expressions = new Map();
    /** @type {ImportedDeclaration[]} */
    this.declarations = [];
    /** The expression of the last line that had one. @type {Pointer | null} */
    this.root = null;
  }

  /** Gives everything back. */
  release() {
    const { lean } = this;
    for (const table of [this.names, this.levels, this.expressions]) table.forEach((value) => lean.dec(value));
    for (const { declaration, axioms } of this.declarations) [declaration, ...axioms].forEach((value) => lean.dec(value));
  }

  /** @param {string} text */
  read(text) {
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      try {
        this.record(JSON.parse(line));
      } catch (error) {
        // A TypeError is JavaScript's way to say that a part of the record is missing.
        const shape = error instanceof SyntaxError || (error instanceof TypeError && this.lean.stackIsRewound());
        throw shape ? malformed(`not in the format: ${line.slice(0, 80)}`) : error;
      }
    }
    return this;
  }

  /** @param {any} record */
  record(record) {
    if ('in' in record) define(this.names, record.in, this.makeName(record));
    else if ('il' in record) define(this.levels, record.il, this.makeLevel(record));
    else if ('ie' in record) {
      this.root = this.makeExpression(record);
      define(this.expressions, record.ie, this.root);
    } else if (!('meta' in record)) this.declare(record);
  }

  /** One more reference to what a number stands for. @param {Map<unknown, Pointer>} table @param {unknown} number @returns {Pointer} owned */
  get(table, number) {
    const value = table.get(number);
    if (value === undefined) throw malformed(`number ${JSON.stringify(number)} is used before it is defined`);
    return this.lean.inc(value);
  }

  /** @param {unknown} number */
  name(number) { return this.get(this.names, number); }
  /** @param {unknown} number */
  level(number) { return this.get(this.levels, number); }
  /** @param {unknown} number */
  expression(number) { return this.get(this.expressions, number); }

  /** @param {unknown} numbers */
  nameList(numbers) { return this.lean.makeList(list(numbers).map((number) => this.name(number))); }

  /** @param {any} record @returns {Pointer} owned */
  makeName({ str, num }) {
    const { lean } = this;
    if (str) return lean.fn('lean_name_mk_string')(this.name(str.pre), lean.makeString(string(str.str)));
    if (num) return lean.fn('lean_name_mk_numeral')(this.name(num.pre), this.makeNatural(numeral(num.i)));
    throw malformed('a name is neither str nor num');
  }

  /** @param {any} record @returns {Pointer} owned */
  makeLevel(record) {
    const { lean } = this;
    if ('succ' in record) return lean.fn('lean_level_mk_succ')(this.level(record.succ));
    if ('max' in record) return lean.fn('lean_level_mk_max')(this.level(record.max[0]), this.level(record.max[1]));
    if ('imax' in record) return lean.fn('lean_level_mk_imax')(this.level(record.imax[0]), this.level(record.imax[1]));
    if ('param' in record) return lean.fn('lean_level_mk_param')(this.name(record.param));
    throw malformed('a level of unknown kind');
  }

  /** @param {any} record @returns {Pointer} owned */
  makeExpression(record) {
    const { lean } = this;
    if ('bvar' in record) return lean.fn('lean_expr_mk_bvar')(lean.box(index(record.bvar)));
    if ('sort' in record) return lean.fn('lean_expr_mk_sort')(this.level(record.sort));
    if ('const' in record) {
      const levels = lean.makeList(list(record.const.us).map((number) => this.level(number)));
      return lean.fn('lean_expr_mk_const')(this.name(record.const.name), levels);
    }
    if ('app' in record) return lean.fn('lean_expr_mk_app')(this.expression(record.app.fn), this.expression(record.app.arg));
    if ('lam' in record) return this.makeBinder('lean_expr_mk_lambda', record.lam);
    if ('forallE' in record) return this.makeBinder('lean_expr_mk_forall', record.forallE);
    if ('letE' in record) {
      const { name, type, value, body, nondep } = record.letE;
      const parts = [this.name(name), this.expression(type), this.expression(value), this.expression(body)];
      return lean.fn('lean_expr_mk_let')(...parts, nondep === true ? 1 : 0);
    }
    if ('natVal' in record) return this.makeLiteral(LITERAL_TAGS.natVal, this.makeNatural(string(record.natVal)));
    if ('strVal' in record) return this.makeLiteral(LITERAL_TAGS.strVal, lean.makeString(string(record.strVal)));
    if ('mdata' in record) return this.expression(record.mdata.expr);
    if ('proj' in record) {
      const { typeName, idx, struct } = record.proj;
      return lean.fn('lean_expr_mk_proj')(this.name(typeName), lean.box(index(idx)), this.expression(struct));
    }
    throw malformed(`an expression of unknown kind ${Object.keys(record)}`);
  }

  /** @param {string} symbol @param {any} binder */
  makeBinder(symbol, { name, type, body, binderInfo }) {
    const info = BINDER_INFOS.indexOf(binderInfo);
    if (info < 0) throw malformed(`binder info ${binderInfo}`);
    return this.lean.fn(symbol)(this.name(name), this.expression(type), this.expression(body), info);
  }

  /** @param {number} tag @param {Pointer} value  consumed */
  makeLiteral(tag, value) {
    return this.lean.fn('lean_expr_mk_lit')(this.lean.makeCtor(tag, [value]));
  }

  /** @param {string} digits @returns {Pointer} owned Nat */
  makeNatural(digits) {
    const { lean } = this;
    if (!/^[0-9]+$/.test(digits)) throw malformed('natVal is no numeral');
    const bytes = Buffer.from(`${digits}\0`, 'latin1');
    const at = lean.fn('malloc')(bytes.length);
    lean.u8().set(bytes, at);
    const value = lean.fn('lean_cstr_to_nat')(at);
    lean.fn('free')(at);
    return value;
  }

  /** @param {any} record  a theorem, definition, opaque constant or inductive group */
  declare(record) {
    const kind = /** @type {'def' | 'thm' | 'opaque'} */ (Object.keys(record)[0]);
    if ('inductive' in record) {
      this.declareInductive(record.inductive);
      return;
    }
    if (!CONSTANT_KINDS.has(kind)) throw malformed(`a declaration of kind ${kind}`);
    const { lean } = this;
    const { name, levelParams, type, value, all, hints, safety, isUnsafe } = record[kind];
    const levels = this.nameList(levelParams);
    const header = lean.makeCtor(0, [this.name(name), levels, this.expression(type)]); // ConstantVal
    const body = this.expression(value);
    const group = this.nameList(all);
    let payload;
    if (kind === 'def') {
      payload = lean.makeCtor(0, [header, body, this.makeHints(hints), group], 4);
      this.setScalar(payload, 4, SAFETIES.indexOf(safety));
    } else if (kind === 'opaque') {
      payload = lean.makeCtor(0, [header, body, group], 4);
      this.setScalar(payload, 3, isUnsafe === false ? 0 : 1);
    } else payload = lean.makeCtor(0, [header, body, group]);
    const declaration = lean.makeCtor(DECLARATION_TAGS[kind], [payload]);
    const nameValue = /** @type {Pointer} */ (this.names.get(name));
    const typeValue = /** @type {Pointer} */ (this.expressions.get(type));
    this.declarations.push({ kind, name: lean.nameToString(nameValue), levels, type: typeValue, declaration, axioms: [] });
  }

  /** @param {any} record  {types, ctors}: of each its name and type, and of the types their constructors */
  declareInductive({ types, ctors }) {
    const { lean } = this;
    const [{ levelParams, numParams }] = types;
    /** @param {any} constant @returns {Pointer[]} owned */
    const nameAndType = ({ name, type }) => [this.name(name), this.expression(type)];
    const members = list(types).map((type) => {
      const own = list(ctors).filter((ctor) => /** @type {any} */ (ctor).induct === /** @type {any} */ (type).name);
      return lean.makeCtor(0, [...nameAndType(type), lean.makeList(own.map((ctor) => lean.makeCtor(0, nameAndType(ctor))))]);
    });
    // Declaration.inductDecl lparams nparams types | isUnsafe; InductiveType {name, type, ctors}; Constructor {name, type}
    const parts = [this.nameList(levelParams), this.makeNatural(String(index(numParams))), lean.makeList(members)];
    const declaration = lean.makeCtor(DECLARATION_TAGS.inductive, parts, 4);
    this.setScalar(declaration, parts.length, 0);
    // Declaration.axiomDecl {cval | isUnsafe}
    const axioms = [...types, ...ctors].map((constant) => {
      const [name, type] = nameAndType(constant);
      const value = lean.makeCtor(0, [lean.makeCtor(0, [name, this.nameList(constant.levelParams), type])], 4);
      this.setScalar(value, 1, 0);
      return lean.makeCtor(DECLARATION_TAGS.axiom, [value]);
    });
    const name = lean.nameToString(/** @type {Pointer} */ (this.names.get(types[0].name)));
    this.declarations.push({ kind: 'inductive', name, levels: null, type: null, declaration, axioms });
  }

  /** @param {unknown} hints @returns {Pointer} owned ReducibilityHints */
  makeHints(hints) {
    const { lean } = this;
    if (hints === 'opaque' || hints === 'abbrev') return lean.box(HINT_TAGS[hints]);
    const height = index(/** @type {any} */ (hints)?.regular);
    const object = lean.makeCtor(HINT_TAGS.regular, [], 4);
    lean.u32()[(object + 8) >> 2] = height;
    return object;
  }

  /** @param {Pointer} object @param {number} fields @param {number} value */
  setScalar(object, fields, value) {
    if (value < 0) throw malformed('unknown safety');
    this.lean.u8()[object + 8 + 4 * fields] = value;
  }
}

/** @param {string} problem */
function malformed(problem) {
  return new Refusal('bad_request', `NDJSON: ${problem}`);
}

/** @param {Map<unknown, Pointer>} table @param {unknown} number @param {Pointer} value */
function define(table, number, value) {
  index(number);
  if (table.has(number)) throw malformed(`number ${number} is defined twice`);
  table.set(number, value);
}

/**
 * A name's numeric part: hashes go in there (`inst._@.1547331413._hygCtx`), so it may be larger than an index.
 * @param {unknown} value @returns {string}
 */
function numeral(value) {
  if (!Number.isSafeInteger(value) || /** @type {number} */ (value) < 0) throw malformed(`${value} is no part of a name`);
  return String(value);
}

/** @param {unknown} value @returns {number} */
function index(value) {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= MAX_INDEX) throw malformed(`${value} is no index`);
  return value;
}

/** @param {unknown} value @returns {string} */
function string(value) {
  if (typeof value !== 'string') throw malformed(`${value} is no string`);
  return value;
}

/** @param {unknown} value @returns {unknown[]} */
function list(value) {
  if (!Array.isArray(value)) throw malformed(`${value} is no list`);
  return value;
}

module.exports = { checkConstructors, NdjsonReader };
