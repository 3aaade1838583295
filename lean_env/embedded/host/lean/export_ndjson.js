'use strict';
/**
 * Expressions and declarations as lean4export NDJSON (format 3.1): one object a line, names, levels and expressions numbered
 * in the order of first use, declarations last.
 *
 * Equal lines are written once, and metadata is left out, so that two expressions give the same text exactly when they are
 * equal up to metadata.
 */
const { readConstant, scalarByte } = require('./objects.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */

const FORMAT_VERSION = '3.1.0';
const BINDER_INFOS = ['default', 'implicit', 'strictImplicit', 'instImplicit'];
const SAFETIES = ['unsafe', 'safe', 'partial'];

// Constructor tags of Name, Level, Expr, Literal.
const NAME_STR = 1;
const LEVEL = { succ: 1, max: 2, imax: 3, param: 4 };
const EXPR = { bvar: 0, sort: 3, const: 4, app: 5, lam: 6, forallE: 7, letE: 8, lit: 9, mdata: 10, proj: 11 };
const LIT_NAT = 0;

/** Which fields of an expression are expressions. @type {Record<number, number[]>} */
const CHILDREN = {
  [EXPR.app]: [0, 1], [EXPR.lam]: [1, 2], [EXPR.forallE]: [1, 2], [EXPR.letE]: [1, 2, 3], [EXPR.mdata]: [1], [EXPR.proj]: [2],
};

/** Expr keeps its cached hash and flags in 8 scalar bytes; binder info and `nondep` come behind them. */
const EXPR_DATA_BYTES = 8;

class NdjsonWriter {
  /** @param {Lean} lean */
  constructor(lean) {
    this.lean = lean;
    const version = lean.readString(lean.globalValue('l_Lean_versionString'));
    const githash = lean.readString(lean.globalValue('l_Lean_githash'));
    const exporter = { name: 'lean-flywheel', version: '1' };
    this.lines = [JSON.stringify({ meta: { exporter, lean: { githash, version }, format: { version: FORMAT_VERSION } } })];
    /** Numbers of names, levels and expressions, by kind and line. Number 0 is the anonymous name and level zero. */
    this.numbers = { in: new Map(), il: new Map(), ie: new Map() };
    this.next = { in: 1, il: 1, ie: 0 };
    /** By address. They stay valid because whoever calls the writer keeps the roots alive. @type {Map<Pointer, number>} */
    this.seen = new Map();
  }

  /** @param {'in' | 'il' | 'ie'} kind @param {object} body @returns {number} */
  number(kind, body) {
    const line = JSON.stringify(body);
    const known = this.numbers[kind].get(line);
    if (known !== undefined) return known;
    const number = this.next[kind]++;
    this.numbers[kind].set(line, number);
    this.lines.push(`${line.slice(0, -1)},"${kind}":${number}}`);
    return number;
  }

  /** @param {Pointer} name @returns {number} */
  name(name) {
    if (name & 1) return 0;
    const known = this.seen.get(name);
    if (known !== undefined) return known;
    const { lean } = this;
    const pre = this.name(lean.field(name, 0));
    const last = lean.field(name, 1);
    const body = lean.tag(name) === NAME_STR ? { str: { pre, str: lean.readString(last) } } : { num: { pre, i: Number(lean.natToString(last)) } };
    const number = this.number('in', body);
    this.seen.set(name, number);
    return number;
  }

  /** @param {Pointer} level @returns {number} */
  level(level) {
    if (level & 1) return 0;
    const known = this.seen.get(level);
    if (known !== undefined) return known;
    const number = this.number('il', this.levelBody(level));
    this.seen.set(level, number);
    return number;
  }

  /** @param {Pointer} level @returns {object} */
  levelBody(level) {
    const { lean } = this;
    const first = lean.field(level, 0);
    switch (lean.tag(level)) {
      case LEVEL.succ: return { succ: this.level(first) };
      case LEVEL.max: return { max: [this.level(first), this.level(lean.field(level, 1))] };
      case LEVEL.imax: return { imax: [this.level(first), this.level(lean.field(level, 1))] };
      case LEVEL.param: return { param: this.name(first) };
      default: throw new Refusal('lean', 'a universe level has metavariables');
    }
  }

  /** Iterative: proof terms are deeper than JavaScript's stack. @param {Pointer} root @returns {number} */
  expression(root) {
    const { lean, seen } = this;
    const pending = [root];
    for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
      const expression = top;
      const tag = lean.tag(expression);
      const missing = (CHILDREN[tag] || []).map((i) => lean.field(expression, i)).filter((child) => !seen.has(child));
      if (seen.has(expression)) {
        pending.pop();
      } else if (missing.length) {
        pending.push(...missing);
      } else {
        pending.pop();
        seen.set(expression, tag === EXPR.mdata ? this.child(expression, 1) : this.number('ie', this.expressionBody(expression, tag)));
      }
    }
    return /** @type {number} */ (seen.get(root));
  }

  /** @param {Pointer} expression @param {number} i @returns {number} */
  child(expression, i) {
    return /** @type {number} */ (this.seen.get(this.lean.field(expression, i)));
  }

  /** @param {Pointer} expression @param {number} tag @returns {object} */
  expressionBody(expression, tag) {
    const { lean } = this;
    const first = lean.field(expression, 0);
    switch (tag) {
      case EXPR.bvar: return { bvar: first >>> 1 };
      case EXPR.sort: return { sort: this.level(first) };
      case EXPR.const: {
        const us = lean.listItems(lean.field(expression, 1)).map((level) => this.level(level));
        return { const: { name: this.name(first), us } };
      }
      case EXPR.app: return { app: { fn: this.child(expression, 0), arg: this.child(expression, 1) } };
      case EXPR.lam:
      case EXPR.forallE: {
        const binderInfo = BINDER_INFOS[scalarByte(lean, expression, EXPR_DATA_BYTES)];
        const binder = { name: this.name(first), type: this.child(expression, 1), body: this.child(expression, 2), binderInfo };
        return tag === EXPR.lam ? { lam: binder } : { forallE: binder };
      }
      case EXPR.letE: {
        const [type, value, body] = [1, 2, 3].map((i) => this.child(expression, i));
        return { letE: { name: this.name(first), type, value, body, nondep: scalarByte(lean, expression, EXPR_DATA_BYTES) !== 0 } };
      }
      case EXPR.lit: {
        const literal = lean.field(first, 0);
        return lean.tag(first) === LIT_NAT ? { natVal: lean.natToString(literal) } : { strVal: lean.readString(literal) };
      }
      case EXPR.proj: return { proj: { typeName: this.name(first), idx: lean.field(expression, 1) >>> 1, struct: this.child(expression, 2) } };
      default: throw new Refusal('lean', 'an expression has metavariables or free variables');
    }
  }

  /** A theorem, definition or opaque constant. @param {Pointer} info  borrowed ConstantInfo */
  constant(info) {
    const { lean } = this;
    const { kind, payload, name, levels, type, value } = readConstant(lean, info);
    if (value === null) throw new Refusal('lean', `${lean.nameToString(name)} is declared anew, as ${kind}`);
    const declaration = this.declaration(this.name(name), levels, type, value);
    // DefinitionVal {…, hints, all | safety}, TheoremVal {…, all}, OpaqueVal {…, all | isUnsafe}
    if (kind === 'def') {
      const hints = lean.field(payload, 2);
      Object.assign(declaration, {
        hints: hints & 1 ? ['opaque', 'abbrev'][hints >>> 1] : { regular: lean.u32()[(hints + 8) >> 2] },
        safety: SAFETIES[scalarByte(lean, payload, 0)],
      });
    }
    if (kind === 'opaque') Object.assign(declaration, { isUnsafe: scalarByte(lean, payload, 0) !== 0 });
    this.lines.push(JSON.stringify({ [kind]: declaration }));
  }

  /**
   * An inductive group. Its recursors are left out: a kernel derives them.
   * @param {Pointer[]} infos @param {Pointer[]} constructors  borrowed ConstantInfos
   */
  inductive(infos, constructors) {
    const { lean } = this;
    /** @param {Pointer} info */
    const common = (info) => {
      const { payload, name, levels, type } = readConstant(lean, info);
      /** @param {number} at */
      const number = (at) => lean.field(payload, at) >>> 1;
      /** @param {number} at */
      const names = (at) => lean.listItems(lean.field(payload, at)).map((one) => this.name(one));
      const constant = { name: this.name(name), levelParams: lean.listItems(levels).map((level) => this.name(level)), type: this.expression(type) };
      return { payload, number, names, constant };
    };
    // InductiveVal {cval, numParams, numIndices, all, ctors, numNested | isRec, isUnsafe, isReflexive}
    const types = infos.map((info) => {
      const { payload, number, names, constant } = common(info);
      const [isRec, isUnsafe, isReflexive] = [0, 1, 2].map((offset) => scalarByte(lean, payload, offset) !== 0);
      return { ...constant, numParams: number(1), numIndices: number(2), all: names(3), ctors: names(4), numNested: number(5), isRec, isUnsafe, isReflexive };
    });
    // ConstructorVal {cval, induct, cidx, numParams, numFields | isUnsafe}
    const ctors = constructors.map((info) => {
      const { payload, number, constant } = common(info);
      const induct = this.name(lean.field(payload, 1));
      return { ...constant, induct, cidx: number(2), numParams: number(3), numFields: number(4), isUnsafe: scalarByte(lean, payload, 0) !== 0 };
    });
    this.lines.push(JSON.stringify({ inductive: { types, ctors, recs: [] } }));
  }

  /** @param {string[]} nameParts @param {Pointer} levels @param {Pointer} type @param {Pointer} value  all borrowed */
  theorem(nameParts, levels, type, value) {
    const name = nameParts.reduce((pre, str) => this.number('in', { str: { pre, str } }), 0);
    this.lines.push(JSON.stringify({ thm: this.declaration(name, levels, type, value) }));
  }

  /** @param {number} name  its number @param {Pointer} levels @param {Pointer} type @param {Pointer} value */
  declaration(name, levels, type, value) {
    return {
      name,
      levelParams: this.lean.listItems(levels).map((level) => this.name(level)),
      type: this.expression(type),
      value: this.expression(value),
      all: [name],
    };
  }

  text() {
    return this.lines.join('\n') + '\n';
  }
}

/**
 * One closed expression. The last line is its root.
 * @param {Lean} lean
 * @param {Pointer} expression  borrowed
 */
function exportExpression(lean, expression) {
  const writer = new NdjsonWriter(lean);
  writer.expression(expression);
  return writer.text();
}

module.exports = { NdjsonWriter, exportExpression, BINDER_INFOS, SAFETIES, FORMAT_VERSION };
