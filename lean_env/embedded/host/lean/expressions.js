'use strict';
/** Reading Lean's expressions in memory: what their print may depend on. */

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */

/** Constructor tags, in Lean's order. */
const TAG = { bvar: 0, fvar: 1, mvar: 2, sort: 3, const: 4, app: 5, lam: 6, forallE: 7, letE: 8, lit: 9, mdata: 10, proj: 11 };

/** Which fields are expressions. @type {Record<number, number[]>} */
const CHILDREN = { [TAG.app]: [0, 1], [TAG.lam]: [1, 2], [TAG.forallE]: [1, 2], [TAG.letE]: [1, 2, 3], [TAG.mdata]: [1], [TAG.proj]: [2] };

/** A bigger expression is printed each time: reading it would cost more than it saves, and so would keeping it. */
const MAX_NODES = 4000;

/** An annotation that printing takes no notice of. `have`, `suffices` and `show` leave it at the top of a goal. */
const UNSEEN_ANNOTATION = 'noImplicitLambda';

/** Matchers take the names of what they bind from their own declaration. */
const MATCHER = /(^|\.)match_\d/;

/** Expr.data, the scalar behind the fields: hash (32 bits) | approximate depth (8) | has free variables, expression
 * metavariables, level metavariables, level parameters | range of loose bound variables (20). */
const FLAGS = { variable: 1 << 8, expressionMetavariable: 1 << 9, levelMetavariable: 1 << 10 };
const LOOSE_RANGE_SHIFT = 12;

/** @param {Lean} lean @param {Pointer} expression @param {0 | 1} half  of Expr.data, low first */
function dataWord(lean, expression, half) {
  return lean.u32()[((expression + 8 + 4 * lean.fieldCount(expression)) >> 2) + half];
}

/** The hash that Lean keeps: equal for equal expressions. @param {Lean} lean @param {Pointer} expression  borrowed */
const hashOf = (lean, expression) => dataWord(lean, expression, 0);

/** @param {Lean} lean @param {Pointer} expression  borrowed */
function hasMetavariables(lean, expression) {
  return (dataWord(lean, expression, 1) & (FLAGS.expressionMetavariable | FLAGS.levelMetavariable)) !== 0;
}

/** Equality in which also the names of bound variables count. @param {Lean} lean @param {Pointer} left @param {Pointer} right  both borrowed */
function identicalExpression(lean, left, right) {
  return left === right || (hashOf(lean, left) === hashOf(lean, right) && (lean.fn('lean_expr_equal')(left, right) & 1) !== 0);
}

/**
 * The names that occur in an expression.
 * @typedef {object} Names
 * @property {Set<string>} variables  keys of its free variables (`variableKey`)
 * @property {Set<string>} constants  all components of the names of its constants
 * @property {Map<string, number>} binders  base names of its bound variables, and how often each may have to be shown
 * @property {number} nodes
 */

/** @param {Lean} lean @param {Pointer} id  borrowed FVarId */
const variableKey = (lean, id) => lean.nameToString(id);

/** The keys of the free variables of an expression. @param {Lean} lean @param {Pointer} expression  borrowed */
function variablesIn(lean, expression) {
  /** @type {Set<string>} */
  const variables = new Set();
  const seen = new Set([expression]);
  for (const next of seen) { // a set is visited to its end, with what is added on the way
    if ((dataWord(lean, next, 1) & FLAGS.variable) === 0) continue;
    if (lean.tag(next) === TAG.fvar) variables.add(variableKey(lean, lean.field(next, 0)));
    for (const child of CHILDREN[lean.tag(next)] ?? []) seen.add(lean.field(next, child));
  }
  return variables;
}

/**
 * The names in an expression; null for one that is too big, or has parts whose print may depend on more than that:
 * metavariables, `let`, most annotations, projections, matchers.
 * @param {Lean} lean
 * @param {Pointer} expression  borrowed
 * @returns {Names | null}
 */
function namesIn(lean, expression) {
  /** @type {Names} */
  const names = { variables: new Set(), constants: new Set(), binders: new Map(), nodes: 0 };
  const seen = new Set([expression]);
  for (const next of seen) {
    if (++names.nodes > MAX_NODES) return null;
    const tag = lean.tag(next);
    switch (tag) {
      case TAG.fvar:
        names.variables.add(variableKey(lean, lean.field(next, 0)));
        break;
      case TAG.const: {
        const name = lean.nameToString(lean.field(next, 0));
        if (MATCHER.test(name)) return null;
        for (const component of name.split('.')) names.constants.add(component);
        break;
      }
      case TAG.lam: case TAG.forallE: {
        const { base, shown } = binder(lean, next);
        names.binders.set(base, (names.binders.get(base) ?? 0) + (shown ? 1 : 0));
        break;
      }
      case TAG.mdata:
        if (!isUnseenAnnotation(lean, next)) return null;
        break;
      case TAG.bvar: case TAG.sort: case TAG.lit: case TAG.app:
        break;
      default:
        return null;
    }
    for (const child of CHILDREN[tag] ?? []) seen.add(lean.field(next, child));
  }
  return names;
}

/** @param {Lean} lean @param {Pointer} expression  Expr.mdata entries expression, entries a list of pairs */
function isUnseenAnnotation(lean, expression) {
  const keys = lean.listItems(lean.field(expression, 0)).map((entry) => lean.nameToString(lean.field(entry, 0)));
  return keys.length === 1 && keys[0] === UNSEEN_ANNOTATION;
}

/**
 * A bound variable's name without macro scopes, as the printer takes it, and whether it may have to be shown: an arrow
 * `p → q` whose name Lean made up has no visible variable.
 * @param {Lean} lean @param {Pointer} expression  a lambda or a forall
 */
function binder(lean, expression) {
  const name = lean.nameToString(lean.field(expression, 0));
  const scoped = name.indexOf('._@');
  const base = name === '' ? 'a' : scoped < 0 ? name : name.slice(0, scoped);
  const invented = name === '' || scoped >= 0;
  const shown = !(invented && lean.tag(expression) === TAG.forallE && !bindsLoose(lean, lean.field(expression, 2)));
  return { base, shown };
}

/** `p → q` as Lean prints an arrow: the variable does not occur and its name is made up. @param {Lean} lean @param {Pointer} expression  a forall */
const isArrow = (lean, expression) => !binder(lean, expression).shown;

/** Whether the innermost bound variable occurs. @param {Lean} lean @param {Pointer} body  borrowed */
function bindsLoose(lean, body) {
  const range = dataWord(lean, body, 1) >>> LOOSE_RANGE_SHIFT;
  return range > 0 && (lean.fn('lean_expr_has_loose_bvar')(body, lean.box(0)) & 1) !== 0;
}

module.exports = { TAG, hashOf, hasMetavariables, identicalExpression, variableKey, variablesIn, namesIn, isUnseenAnnotation, isArrow };
