'use strict';
/** The declarations of a header in the order in which a kernel can add them. */
const { findConstant, hasConstant, readConstant, forEachUsedConstant, scalarByte } = require('./objects.js');
const { NdjsonWriter, SAFETIES } = require('./export_ndjson.js');
const { declaredIn } = require('./header.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */

/** An inductive group with its constructors, or one constant. @typedef {{infos: Pointer[], constructors: Pointer[] | null}} Declared  owned */

// InductiveVal {cval, numParams, numIndices, all, ctors, numNested | isRec, isUnsafe, isReflexive};
// ConstructorVal {cval, induct, …}; RecursorVal {cval, all, …}
const INDUCTIVE = { all: 3, constructors: 4, unsafe: 1 };
const CONSTRUCTOR = { inductive: 1 };
const RECURSOR = { all: 1 };

/**
 * What a header added to its imports, as NDJSON, and the names in it. What the compiler made (unsafe, partial) and the macros of
 * notations are left out; no statement and no proof can rest on them. Refuses an axiom.
 * @param {Lean} lean
 * @param {Pointer} environment  borrowed
 * @param {Pointer} below  borrowed: before the header
 * @param {Pointer[]} syntax  bodies of its notations' macros
 * @returns {{ndjson: string, names: Set<string>}}
 */
function exportDeclarations(lean, environment, below, syntax) {
  const left = new Set(syntax);
  /** @param {Pointer} info */
  const isMacro = (info) => left.has(readConstant(lean, info).value ?? 0);
  const names = [...declaredIn(lean, environment)].filter(([, info]) => !isMacro(info) && isSafe(lean, info)).map(([name]) => name);
  const before = declaredIn(lean, below);
  const { ordered, seen } = inOrder(lean, environment, below, names.filter((name) => !before.has(name)).sort());
  const writer = new NdjsonWriter(lean);
  try {
    for (const { infos, constructors } of ordered) {
      if (constructors === null) writer.constant(infos[0]);
      else writer.inductive(infos, constructors);
    }
    return { ndjson: writer.text(), names: seen };
  } finally {
    for (const { infos, constructors } of ordered) [...infos, ...(constructors ?? [])].forEach((info) => lean.dec(info));
  }
}

/** @param {Lean} lean @param {Pointer} info  borrowed */
function isSafe(lean, info) {
  const { kind, payload } = readConstant(lean, info);
  if (kind === 'def') return SAFETIES[scalarByte(lean, payload, 0)] === 'safe';
  if (kind === 'opaque' || kind === 'ctor') return scalarByte(lean, payload, 0) === 0;
  return kind !== 'induct' || scalarByte(lean, payload, INDUCTIVE.unsafe) === 0;
}

/**
 * The constants of these names and all that they rest on and that `below` lacks, each after those it uses itself.
 * @param {Lean} lean @param {Pointer} environment @param {Pointer} below  borrowed
 * @param {string[]} names
 * @returns {{ordered: Declared[], seen: Set<string>}}
 */
function inOrder(lean, environment, below, names) {
  /** @type {Set<string>} */
  const seen = new Set();
  /** @type {Declared[]} */
  const ordered = [];
  /** @param {Pointer} name @returns {Pointer} owned */
  const find = (name) => {
    const info = findConstant(lean, environment, name) ?? findConstant(lean, environment, name, { realized: true });
    if (info === null) throw new Refusal('lean', `${lean.nameToString(name)} does not exist`);
    return info;
  };
  /** @param {Pointer} expression */
  const visitTerm = (expression) => forEachUsedConstant(lean, expression, visit);
  /** @param {Pointer} name */
  const visit = (name) => {
    const text = lean.nameToString(name);
    if (seen.has(text) || hasConstant(lean, below, name)) return;
    const info = find(name);
    const { kind, payload, type, value } = readConstant(lean, info);
    const [head] = kind === 'ctor' ? [lean.field(payload, CONSTRUCTOR.inductive)]
      : kind === 'rec' ? lean.listItems(lean.field(payload, RECURSOR.all))
        : kind === 'induct' ? lean.listItems(lean.field(payload, INDUCTIVE.all)) : [null];
    if (head === null) {
      seen.add(text);
      visitTerm(type);
      if (value !== null) visitTerm(value);
      ordered.push({ infos: [info], constructors: null });
      return;
    }
    if (kind === 'induct' && lean.nameToString(head) === text) visitGroup(info);
    else visit(head);
    seen.add(text);
    lean.dec(info);
  };
  /** @param {Pointer} first  borrowed ConstantInfo: the group's first type */
  const visitGroup = (first) => {
    const infos = lean.listItems(lean.field(readConstant(lean, first).payload, INDUCTIVE.all)).map(find);
    const constructors = infos.flatMap((info) => lean.listItems(lean.field(readConstant(lean, info).payload, INDUCTIVE.constructors)).map(find));
    const members = [...infos, ...constructors].map((info) => readConstant(lean, info));
    for (const { name } of members) seen.add(lean.nameToString(name));
    for (const { type } of members) visitTerm(type);
    ordered.push({ infos, constructors });
  };
  for (const text of names) {
    const name = lean.makeName(text);
    visit(name);
    lean.dec(name);
  }
  return { ordered, seen };
}

module.exports = { exportDeclarations };
