'use strict';
/**
 * The prints of the expressions of one theorem, for as long as it is open: steps change little, and printing is most of
 * what they cost.
 *
 * What Lean prints for an expression without metavariables depends on the expression, on the names of its free variables and
 * on the types of these and of the variables in the types, and on which names the local context has taken, in two ways
 * (delabConst, getUnusedName): a constant whose name a local has is written differently, and a bound variable is renamed when
 * its body mentions a variable of the same name. An entry keeps all of that, and holds in a context where it is the same:
 * sibling states may use one FVarId for different variables. Options, name space and notation do not change between the
 * states of a theorem.
 */
const { hashOf, identicalExpression, namesIn, variablesIn } = require('./expressions.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./local_context.js').Declaration} Declaration */

/**
 * A context as far as prints depend on it, in one state: its types are instantiated.
 * @typedef {object} Scope
 * @property {Declaration[]} declarations
 * @property {Map<string, Declaration>} byKey
 */

/**
 * @typedef {object} Entry
 * @property {Pointer} expression  owned
 * @property {{key: string, name: string, type: Pointer}[]} variables  free variables and those in their types; types owned
 * @property {Set<string>} constants  a local that is called like one of these matters
 * @property {Map<string, number> | null} binders  likewise, with or without a number; null where bound variables keep their names
 * @property {string} taken  the names of locals that matter, where it was printed
 * @property {string | null} flat  the print, when it fits on one line
 * @property {Map<string, string>} lines  by what stands before: prints that do not, with that before them
 */

/** Beyond either, everything is forgotten: what is used again comes back. Weight: characters of text and nodes of expressions. */
const MAX_ENTRIES = 4096;
const MAX_WEIGHT = 2_000_000;

/** An export under a short name makes a constant print with a name space of another; name spaces begin with capitals. */
const CAPITAL = /^\p{Lu}/u;

class PrintCache {
  /** @param {Lean} lean */
  constructor(lean) {
    this.lean = lean;
    /** By hash. @type {Map<number, Entry[]>} */
    this.entries = new Map();
    this.count = 0;
    this.weight = 0;
  }

  get full() {
    return this.count > MAX_ENTRIES || this.weight > MAX_WEIGHT;
  }

  /** @param {Pointer} expression  borrowed @param {Scope} scope @returns {Entry | null} */
  find(expression, scope) {
    for (const entry of this.entries.get(hashOf(this.lean, expression)) ?? []) {
      if (identicalExpression(this.lean, entry.expression, expression) && holds(this.lean, entry, scope)) return entry;
    }
    return null;
  }

  /**
   * Null where the print may depend on more than an entry keeps.
   * @param {Pointer} expression  borrowed, without metavariables @param {Scope} scope
   * @param {string | null} flat
   * @returns {Entry | null}
   */
  add(expression, scope, flat) {
    const { lean } = this;
    const names = namesIn(lean, expression);
    const variables = names && this.needed(names.variables, scope);
    if (names === null || variables === null) return null;
    const renamed = [...names.binders].some(([base, shown]) => shown > 1 || variables.some(({ name }) => name === base));
    for (const { type } of variables) lean.inc(type);
    const { constants } = names;
    const binders = renamed ? names.binders : null;
    const taken = takenNames(scope, constants, binders);
    /** @type {Entry} */
    const entry = { expression: lean.inc(expression), variables, constants, binders, taken, flat, lines: new Map() };
    const hash = hashOf(lean, expression);
    const bucket = this.entries.get(hash);
    if (bucket) bucket.push(entry);
    else this.entries.set(hash, [entry]);
    this.count++;
    this.weight += names.nodes + (flat?.length ?? 0);
    return entry;
  }

  /**
   * These variables, those in their types, and so on; null when a type has metavariables.
   * @param {Set<string>} keys @param {Scope} scope
   */
  needed(keys, scope) {
    const needed = new Set(keys);
    const variables = [];
    for (const key of needed) { // to its end, with what is added on the way
      const declaration = scope.byKey.get(key);
      if (declaration === undefined || declaration.open) return null;
      const { name, type } = declaration;
      variables.push({ key, name, type });
      for (const mentioned of variablesIn(this.lean, type)) needed.add(mentioned);
    }
    return variables;
  }

  /** @param {Entry} entry @param {string} before @param {string} line */
  addLine(entry, before, line) {
    entry.lines.set(before, line);
    this.weight += line.length;
  }

  clear() {
    for (const entry of [...this.entries.values()].flat()) {
      this.lean.dec(entry.expression);
      for (const { type } of entry.variables) this.lean.dec(type);
    }
    this.entries.clear();
    this.count = 0;
    this.weight = 0;
  }
}

/** @param {Lean} lean @param {Entry} entry @param {Scope} scope */
function holds(lean, entry, scope) {
  for (const { key, name, type } of entry.variables) {
    const declaration = scope.byKey.get(key);
    if (declaration === undefined || declaration.name !== name || !identicalExpression(lean, declaration.type, type)) return false;
  }
  return entry.taken === takenNames(scope, entry.constants, entry.binders);
}

/**
 * The locals of a scope whose names matter to a print.
 * @param {Scope} scope @param {Set<string>} constants @param {Map<string, number> | null} binders
 */
function takenNames({ declarations }, constants, binders) {
  let taken = '';
  for (const { name, stem } of declarations) {
    const matters = constants.has(name) || CAPITAL.test(name)
      || (binders !== null && (binders.has(name) || (stem !== null && binders.has(stem))));
    if (matters) taken += `${name} `;
  }
  return taken;
}

module.exports = { PrintCache };
