'use strict';
/**
 * Statements from text, like `(a b : Nat) : a + b = b + a` or `∀ a b : Nat, a + b = b + a`.
 *
 * The text comes from people and files, so it must not smuggle commands. It is pasted into a theorem, but the whole must
 * parse as exactly one command of exactly the expected shape, whose body is our own `sorry`; that syntax is what gets
 * elaborated, and the statement is the type of the constant that Lean then makes.
 */
const { findConstant, hasConstant, readConstant, forEachUsedConstant } = require('./objects.js');
const {
  initialState, environmentOf, syntaxKind, syntaxArguments, parseCategory, parseErrorText, elaborateCommand, takeMessages,
} = require('./frontend.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./frontend.js').ParseError} ParseError */
/** @typedef {{type: Pointer, levels: Pointer, binders: number}} Statement
 *   type and levels (List Name) owned; `binders`: how many variables stand before the colon */
/** Where a statement stands: `scopes`, a Command.State, is a header's (options and all), null without one. All borrowed.
 *  @typedef {{environment: Pointer, options: Pointer, scopes: Pointer | null}} Place */

const NAME = 'statement';

/** What Lean calls it: environments at the exported level make declarations private by default. */
const PRIVATE_NAME = `_private.0.${NAME}`;

/** Its name under a header, whose names are plain and whose namespaces may be open. No header's constant can have it (lean_env/gate). */
const NAME_UNDER_HEADER = 'flywheel.statement';

/** A universe name as the text of a declaration can spell it without quotes. */
const LEVEL_NAME = /^[\p{L}_][\p{L}\p{N}_'!?₀-₉]*$/u;

/** The options under which statements are elaborated: an unknown name is an error, not a new variable. */
const STATEMENT_OPTIONS = { autoImplicit: 'false' };

/**
 * Elaborates a statement in an environment; leaves the environment as it is.
 * @param {Lean} lean
 * @param {Place} place
 * @param {string} text
 * @param {string[]} levels  names of universe parameters that the text uses
 * @param {Pointer} cancelToken  borrowed
 * @returns {Statement}
 */
function elaborateStatement(lean, { environment, options, scopes }, text, levels, cancelToken) {
  for (const level of levels) if (!LEVEL_NAME.test(level)) throw new Refusal('lean', `${level} is no universe name`);
  const head = `theorem ${scopes === null ? NAME : `_root_.${NAME_UNDER_HEADER}`}${levels.length ? `.{${levels.join(', ')}}` : ''} `;
  const { syntax, binders: written } = parseStatement(lean, environment, head, text, scopes === null ? 'sorry' : 'by sorry');

  const fileMap = lean.call('l_Lean_FileMap_ofString', lean.makeString(text));
  const begin = scopes === null ? initialState(lean, environment, lean.inc(options)) : lean.inc(scopes);
  const { state, messages } = takeMessages(lean, elaborateCommand(lean, syntax, begin, fileMap, lean.box(0), cancelToken));
  const name = lean.makeName(scopes === null ? PRIVATE_NAME : NAME_UNDER_HEADER);
  const info = findConstant(lean, environmentOf(lean, state), name);
  lean.dec(name);
  lean.dec(state);
  const errors = messages.filter((message) => message.severity === 'error').map((message) => message.data);
  if (info === null || errors.length) {
    if (info !== null) lean.dec(info);
    throw new Refusal('lean', `the statement does not elaborate: ${errors.join('\n') || 'Lean made no theorem of it'}`);
  }
  const constant = readConstant(lean, info);
  const foreign = unusable(lean, environment, constant.type);
  // Under a header there are `variable`s and auto-bound names, too: the body, a `sorry` by tactic, is what is below them all.
  const binders = scopes === null || constant.value === null ? written : leadingLambdas(lean, constant.value);
  const statement = { type: lean.inc(constant.type), levels: lean.inc(constant.levels), binders };
  lean.dec(info);
  if (foreign !== null) {
    lean.dec(statement.type);
    lean.dec(statement.levels);
    throw new Refusal('lean', foreign);
  }
  return statement;
}

/**
 * @param {Lean} lean
 * @param {Pointer} environment  borrowed
 * @param {string} head
 * @param {string} text
 * @param {'sorry' | 'by sorry'} body
 * @returns {{syntax: Pointer, binders: number}}  syntax owned
 */
function parseStatement(lean, environment, head, text, body) {
  // `(a : Nat) : a = a`, or a bare proposition. No text is both: a term is never followed by a colon.
  const signature = parseCategory(lean, environment, 'command', `${head}\n${text}\n:= ${body}`);
  const parsed = signature.syntax !== null ? signature : parseCategory(lean, environment, 'command', `${head}:\n${text}\n:= ${body}`);
  if (parsed.syntax === null) {
    const error = signature.error === null ? parsed.error : farther(signature.error, parsed.error);
    throw new Refusal('lean', `the statement does not parse: ${parseErrorText(error)}`);
  }
  const binders = theoremBinders(lean, parsed.syntax, body);
  if (binders === null) {
    lean.dec(parsed.syntax);
    throw new Refusal('lean', 'the text is more than a statement');
  }
  return { syntax: parsed.syntax, binders };
}

/** @param {Lean} lean @param {Pointer} term  borrowed Expr */
function leadingLambdas(lean, term) {
  const LAMBDA = 6;
  let count = 0;
  for (let body = term; lean.tag(body) === LAMBDA; body = lean.field(body, 2)) count++;
  return count;
}

/** Of two parse errors, the one that got farther. @param {ParseError} left @param {ParseError} right */
function farther(left, right) {
  return left.line > right.line || (left.line === right.line && left.column > right.column) ? left : right;
}

/**
 * How many variables the theorem binds before its colon, or null when the syntax is not `theorem name binders : type := body`.
 * @param {Lean} lean
 * @param {Pointer} syntax  borrowed
 * @param {'sorry' | 'by sorry'} expected
 */
function theoremBinders(lean, syntax, expected) {
  if (syntaxKind(lean, syntax) !== 'Lean.Parser.Command.declaration') return null;
  const theorem = syntaxArguments(lean, syntax)[1];
  if (syntaxKind(lean, theorem) !== 'Lean.Parser.Command.theorem') return null;
  const [, , signature, body] = syntaxArguments(lean, theorem);
  if (syntaxKind(lean, body) !== 'Lean.Parser.Command.declValSimple') return null;
  const [, term, suffix, where] = syntaxArguments(lean, body);
  if (innermost(lean, term) !== (expected === 'sorry' ? 'Lean.Parser.Term.sorry' : 'Lean.Parser.Tactic.tacticSorry')) return null;
  const tails = [...syntaxArguments(lean, suffix), where];
  if (tails.some((tail) => syntaxArguments(lean, tail).length > 0)) return null;
  const [binders] = syntaxArguments(lean, signature);
  return syntaxArguments(lean, binders).reduce((count, binder) => count + boundVariables(lean, binder), 0);
}

/**
 * The kind of a term, or of the only tactic in a `by` block.
 * @param {Lean} lean @param {Pointer} term  borrowed syntax
 */
function innermost(lean, term) {
  if (syntaxKind(lean, term) !== 'Lean.Parser.Term.byTactic') return syntaxKind(lean, term);
  const sequence = syntaxArguments(lean, syntaxArguments(lean, term)[1])[0]; // tacticSeq, then one of its two forms
  const tactics = syntaxArguments(lean, syntaxArguments(lean, sequence)[0]);
  return tactics.length === 1 ? syntaxKind(lean, tactics[0]) : null;
}

/** @param {Lean} lean @param {Pointer} binder  borrowed syntax: an identifier, a hole, or a bracketed binder */
function boundVariables(lean, binder) {
  const grouped = ['explicitBinder', 'implicitBinder', 'strictImplicitBinder'].map((kind) => `Lean.Parser.Term.${kind}`);
  if (!grouped.includes(syntaxKind(lean, binder))) return 1; // also instBinder
  return syntaxArguments(lean, syntaxArguments(lean, binder)[1]).length;
}

/**
 * Why a type cannot be a goal of this environment, or null.
 * @param {Lean} lean
 * @param {Pointer} environment  borrowed
 * @param {Pointer} type  borrowed
 * @returns {string | null}
 */
function unusable(lean, environment, type) {
  /** @type {string | null} */
  let reason = null;
  forEachUsedConstant(lean, type, (name) => {
    const text = lean.nameToString(name);
    if (text === 'sorryAx') reason ??= 'the statement contains `sorry`';
    else if (!hasConstant(lean, environment, name)) reason ??= `the statement needs ${text}, which this environment does not have`;
  });
  return reason;
}

/** @param {Lean} lean @param {Statement} statement  consumed */
function releaseStatement(lean, statement) {
  lean.dec(statement.type);
  lean.dec(statement.levels);
}

module.exports = { STATEMENT_OPTIONS, elaborateStatement, releaseStatement, unusable };
