'use strict';
/**
 * Prints of propositions, put together from their parts by the precedences of Lean's notation (Init/Prelude, Init/Core).
 *
 * What tactics make of a statement is mostly parts of it, each of which Lean's printer would see for the first time. It has to
 * be byte for byte what Lean prints (test_host_printing.py), so it is for the few constants below and locals applied to
 * arguments; quantifiers, other constants, implicit arguments and unusual names are Lean's business.
 */
const { TAG, variableKey, isArrow } = require('./expressions.js');
const { scalarByte } = require('./objects.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./print_cache.js').Scope} Scope */
/**
 * @typedef {object} Flat
 * @property {string} text
 * @property {number} level  its precedence
 * @property {number} before  its precedence where something follows
 */

const MAX = 1024;
const APPLICATION = 1022;
/** The argument of ¬. */
const NEGATED = 40;

/** Sign, precedence of the whole, of the left and of the right side. @typedef {[string, number, number, number]} Infix */

/** With how many implicit arguments stand before the sides. @type {Record<string, {implicit: number, infix: Infix}>} */
const INFIX = {
  Iff: { implicit: 0, infix: ['↔', 20, 21, 21] },
  Or: { implicit: 0, infix: ['∨', 30, 31, 30] },
  And: { implicit: 0, infix: ['∧', 35, 36, 35] },
  Eq: { implicit: 1, infix: ['=', 50, 51, 51] },
  Ne: { implicit: 1, infix: ['≠', 50, 51, 51] },
  'HAdd.hAdd': { implicit: 4, infix: ['+', 65, 65, 66] },
};
/** @type {Infix} */
const ARROW = ['→', 25, 26, 25];
/** @type {Infix} */
const CONS = ['::', 67, 68, 67];
/** Constants that are written as they are, with so many explicit arguments and no others. @type {Record<string, number>} */
const PLAIN = { True: 0, False: 0, Nat: 0, List: 1, 'Nat.succ': 1 };

/** Names that a local must not have, nor begin a name with: it would change how the constant is written. */
const RESERVED = new Set([...Object.keys(INFIX), ...Object.keys(PLAIN), 'Not', 'OfNat.ofNat', 'List.cons'].flatMap((name) => name.split('.')));

/** Constructor tags of Level. */
const LEVEL = { zero: 0, succ: 1 };

/** Lean leaves out what is too deep (50) or too much; long before that it is asked. */
const MAX_DEPTH = 30;
const MAX_NODES = 1000;

/** Scalars of Expr.forallE behind the 8 bytes of data: the binder's kind, 0 for explicit. */
const BINDER_KIND = 8;

/**
 * The print on one line, or null where it is not for this module.
 * @param {Lean} lean @param {Pointer} expression  borrowed @param {Scope} scope
 * @returns {string | null}
 */
function flatText(lean, expression, scope) {
  if (scope.declarations.some(({ name }) => RESERVED.has(name))) return null;
  return new Composer(lean, scope).flat(expression)?.text ?? null;
}

/** @param {string} text @param {number} [level] @param {number} [before] @returns {Flat} */
const flatOf = (text, level = MAX, before = level) => ({ text, level, before });

/** One print in the making. */
class Composer {
  /** @param {Lean} lean @param {Scope} scope */
  constructor(lean, scope) {
    this.lean = lean;
    this.scope = scope;
    this.nodes = 0;
    this.depth = 0;
  }

  /** @param {Pointer} expression @returns {Flat | null} */
  flat(expression) {
    if (++this.nodes > MAX_NODES || this.depth > MAX_DEPTH) return null;
    this.depth++;
    try {
      switch (this.lean.tag(expression)) {
        case TAG.forallE: return this.arrow(expression);
        case TAG.fvar: return this.variable(expression);
        case TAG.const: case TAG.app: return this.application(expression);
        case TAG.sort: return this.sort(this.lean.field(expression, 0));
        default: return null;
      }
    } finally {
      this.depth--;
    }
  }

  /** A part where precedence `level` is asked for and something may follow. @param {Pointer} expression @param {number} level */
  side(expression, level) {
    const part = this.flat(expression);
    return part && flatOf(part.before < level ? `(${part.text})` : part.text);
  }

  /** The last part. @param {Pointer} expression @param {number} level */
  last(expression, level) {
    const part = this.flat(expression);
    return part && flatOf(part.level < level ? `(${part.text})` : part.text);
  }

  /** @param {Pointer} expression @returns {Flat | null} */
  arrow(expression) {
    const { lean } = this;
    if (!isArrow(lean, expression) || scalarByte(lean, expression, BINDER_KIND) !== 0) return null;
    return this.infix(ARROW, lean.field(expression, 1), lean.field(expression, 2));
  }

  /** @param {Infix} infix @param {Pointer} left @param {Pointer} right @returns {Flat | null} */
  infix([sign, level, ofLeft, ofRight], left, right) {
    const first = this.side(left, ofLeft);
    const second = first && this.last(right, ofRight);
    return second && flatOf(`${first.text} ${sign} ${second.text}`, level);
  }

  /** @param {Pointer} expression @returns {Flat | null} */
  variable(expression) {
    const declaration = this.declaration(expression);
    return declaration && declaration.name === declaration.shown ? flatOf(declaration.shown) : null;
  }

  /** @param {Pointer} variable */
  declaration(variable) {
    return this.scope.byKey.get(variableKey(this.lean, this.lean.field(variable, 0)));
  }

  /** @param {Pointer} expression @returns {Flat | null} */
  application(expression) {
    const { lean } = this;
    const args = [];
    let head = expression;
    for (; lean.tag(head) === TAG.app; head = lean.field(head, 0)) args.unshift(lean.field(head, 1));
    if (lean.tag(head) === TAG.const) return this.constant(lean.nameToString(lean.field(head, 0)), args);
    if (lean.tag(head) !== TAG.fvar || !this.takesExplicit(head, args.length)) return null;
    const name = this.variable(head);
    return name && this.applied(name.text, args);
  }

  /** @param {string} head @param {Pointer[]} args @returns {Flat | null} */
  applied(head, args) {
    const parts = [head];
    for (const arg of args) {
      const part = this.side(arg, MAX);
      if (part === null) return null;
      parts.push(part.text);
    }
    return flatOf(parts.join(' '), args.length ? APPLICATION : MAX);
  }

  /** @param {string} name @param {Pointer[]} args @returns {Flat | null} */
  constant(name, args) {
    if (Object.hasOwn(PLAIN, name)) return PLAIN[name] === args.length ? this.applied(name, args) : null;
    if (name === 'Not' && args.length === 1) {
      const negated = this.last(args[0], NEGATED);
      return negated && flatOf(`¬${negated.text}`, MAX, NEGATED);
    }
    if (name === 'OfNat.ofNat' && args.length === 3) return this.numeral(args[1]);
    if (name === 'List.nil' && args.length === 1) return flatOf('[]');
    if (name === 'List.cons' && args.length === 3) return this.list(args[1], args[2]);
    if (!Object.hasOwn(INFIX, name)) return null;
    const { implicit, infix } = INFIX[name];
    return args.length === implicit + 2 ? this.infix(infix, args[implicit], args[implicit + 1]) : null;
  }

  /** @param {Pointer} level @returns {Flat | null} */
  sort(level) {
    const { lean } = this;
    const succ = lean.tag(level) === LEVEL.succ;
    if (lean.tag(succ ? lean.field(level, 0) : level) !== LEVEL.zero) return null;
    return flatOf(succ ? 'Type' : 'Prop');
  }

  /** @param {Pointer} literal  what OfNat.ofNat is given @returns {Flat | null} */
  numeral(literal) {
    const { lean } = this;
    if (lean.tag(literal) !== TAG.lit) return null;
    const natural = lean.field(lean.field(literal, 0), 0);
    return natural & 1 ? flatOf(String(natural >>> 1)) : null;
  }

  /** In brackets where its end is known. @param {Pointer} head @param {Pointer} tail @returns {Flat | null} */
  list(head, tail) {
    const first = this.flat(head);
    const rest = first && this.flat(tail);
    if (!rest) return null;
    if (rest.text === '[]') return flatOf(`[${first.text}]`);
    if (rest.text.startsWith('[')) return flatOf(`[${first.text}, ${rest.text.slice(1)}`);
    const [sign, level, ofLeft, ofRight] = CONS;
    const left = first.before < ofLeft ? `(${first.text})` : first.text;
    return flatOf(`${left} ${sign} ${rest.level < ofRight ? `(${rest.text})` : rest.text}`, level);
  }

  /** Whether the first arguments of a local are explicit. @param {Pointer} head @param {number} count */
  takesExplicit(head, count) {
    const { lean } = this;
    let type = this.declaration(head)?.type;
    for (let taken = 0; taken < count; taken++) {
      if (type === undefined || lean.tag(type) !== TAG.forallE || scalarByte(lean, type, BINDER_KIND) !== 0) return false;
      type = lean.field(type, 2);
    }
    return true;
  }
}

module.exports = { flatText };
