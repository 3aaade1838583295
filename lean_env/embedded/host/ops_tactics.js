'use strict';
/** Operations on live proofs: open a theorem, run tactics, export the proof. Role `elaborate` only. */
const { readConstant } = require('./lean/objects.js');
const { release, openExpression, runMonadic, exceptionText, goalsOf, environmentOf } = require('./lean/states.js');
const { runTactic } = require('./lean/tactic.js');
const { textObjection, DEFAULT_MAX_BYTES } = require('./lean/tactic_text.js');
const { GoalPrinter, printGoalsAnew } = require('./lean/printing.js');
const { elaborateStatement, releaseStatement, unusable } = require('./lean/statement.js');
const { closedTerm, auxiliaryConstants, mentions } = require('./lean/proof_term.js');
const { NdjsonWriter, exportExpression } = require('./lean/export_ndjson.js');
const { exportGoal } = require('./lean/goal_type.js');
const { constantNamed } = require('./lean/library.js');
const { Refusal } = require('./refusal.js');

/** @typedef {import('./lean/types.js').Pointer} Pointer */
/** @typedef {import('./lean/types.js').TacticState} TacticState */
/** @typedef {import('./lean/environments.js').ImportedEnvironment} ImportedEnvironment */
/** @typedef {import('./lean/header.js').Header} Header */
/** @typedef {import('./lean/lemmas.js').Lemmas} Lemmas */
/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./session.js').OpenState} OpenState */
/** @typedef {import('./session.js').Problem} Problem */
/** @typedef {import('./session.js').Opening} Opening */

/** @typedef {'advanced' | 'proved' | 'failed' | 'given_up' | 'timed_out'} Outcome */
/**
 * @typedef {object} StepResult
 * @property {Outcome} outcome
 * @property {number} ms
 * @property {number} heartbeats  used, in thousands
 * @property {boolean} wall_limit  the clock ended it, not heartbeats
 * @property {number} [state]
 * @property {string[]} [goals]
 * @property {string} [error]
 * @property {true} [ran_code]  Lean ran code that is not the library's: what this worker says from now on is worth less
 */

const MAX_ERROR = 2000;
const DEFAULT_SOFT_MS = 10_000;
const HEADER_SOFT_MS = 60_000;

/** The longest statement of the library prints as 5 KB. */
const MAX_STATEMENT_BYTES = 1 << 16;

/** The name that an exported proof has. */
const TARGET = ['flywheel', 'target'];

/**
 * The statement stored for a library theorem, as a goal in an environment that may not contain the theorem.
 * @param {Session} session
 * @param {{imports: string[], name: string, lemmas?: Lemmas | null, lemmas_ms?: number, soft_ms?: number}} request
 */
function openLibrary(session, { imports, name, lemmas = null, lemmas_ms = HEADER_SOFT_MS, soft_ms = DEFAULT_SOFT_MS }) {
  const { lean } = session;
  const environment = lemmas === null
    ? session.environments.get(imports) : session.within(lemmas_ms, () => session.environments.lending(imports, lemmas));
  const info = constantNamed(session.environments, name);
  try {
    const { type, levels } = readConstant(lean, info);
    const objection = unusable(lean, environment.pointer, type);
    if (objection) throw new Refusal('lean', objection);
    return register(session, environment, session.within(soft_ms, () => open(session, environment, type, levels, 0)));
  } finally {
    if (lean.stackIsRewound()) lean.dec(info);
  }
}

/**
 * @param {Session} session
 * @param {{imports: string[], header?: Header | null, header_ms?: number, statement: string, levels?: string[], soft_ms?: number}} request
 */
function openText(session, { imports, header = null, header_ms = HEADER_SOFT_MS, statement: text, levels = [], soft_ms = DEFAULT_SOFT_MS }) {
  const { lean } = session;
  const environment = session.environment(imports, header, header_ms);
  const objection = textObjection(text, MAX_STATEMENT_BYTES);
  if (objection) throw new Refusal('lean', objection);
  const { opened, ...reply } = session.within(soft_ms, () => {
    const elaborate = () => elaborateStatement(lean, session.place(environment), text, levels, session.cancelToken);
    // Default tactics of what a header declares are data that Lean evaluates; no header has `@[csimp]`, which could replace it.
    const statement = header === null ? elaborate() : session.interpreter.passingData(elaborate);
    const opened = open(session, environment, statement.type, statement.levels, statement.binders);
    const expression = exportExpression(lean, statement.type);
    const names = lean.listItems(statement.levels).map((level) => lean.nameToString(level));
    releaseStatement(lean, statement);
    return { opened, expression, levels: names };
  });
  return { ...register(session, environment, opened), ...reply };
}

/**
 * A goal, open but not yet kept.
 * @typedef {{state: TacticState, opening: Opening, goals: string[]}} Opened
 */

/**
 * @param {Session} session
 * @param {ImportedEnvironment} environment
 * @param {Pointer} type  borrowed
 * @param {Pointer} levels  borrowed
 * @param {number} binders  how many variables to introduce, as a theorem's binders are in its tactic block
 * @returns {Opened}
 */
function open(session, environment, type, levels, binders) {
  const { lean } = session;
  const { state: closed, goal } = openExpression(lean, session.environments.template(environment), type, levels);
  const state = binders ? introduce(session, closed, goal, binders) : closed;
  const printer = new GoalPrinter(lean, () => session.watchdog.fired());
  return { state, opening: { goal, type: lean.inc(type), levels: lean.inc(levels), printer }, goals: printer.print(state) };
}

/** @param {Session} session @param {ImportedEnvironment} environment @param {Opened} opened  consumed */
function register(session, environment, { state, opening, goals }) {
  return { state: session.keep(state, session.openProblem(environment, opening)), goals };
}

/**
 * @param {Session} session
 * @param {TacticState} state  consumed
 * @param {Pointer} goal  borrowed
 * @param {number} count
 * @returns {TacticState} owned
 */
function introduce({ lean }, state, goal, count) {
  // MVarId.introNP mvarId n: keeps the binders' names. Its result is (fvars, mvarId).
  const { ok, value, state: after } = runMonadic(lean, state, 'meta', 'l_Lean_MVarId_introNP', [lean.inc(goal), lean.box(count)]);
  release(lean, state);
  if (!ok) {
    release(lean, after);
    throw new Refusal('lean', exceptionText(lean, value));
  }
  lean.dec(after.goals);
  const goals = lean.makeList([lean.inc(lean.field(value, 1))]);
  lean.dec(value);
  return { ...after, goals };
}

/**
 * Runs each tactic on the same state. Without `errors` a failure does not say why, which is most of what it costs.
 * @param {Session} session
 * @param {{state: number, tactics: string[], soft_ms?: number, heartbeats?: number, stop_at_proof?: boolean,
 *   max_tactic_bytes?: number, errors?: boolean}} request
 * @param {StepResult[]} results  filled as they come, so that a fatal end still tells what came before it
 */
function run(session, request, results) {
  const { soft_ms = DEFAULT_SOFT_MS, heartbeats = 0, stop_at_proof = true, max_tactic_bytes = DEFAULT_MAX_BYTES, errors = true } = request;
  const parent = session.state(request.state);
  for (const tactic of request.tactics) {
    const before = session.interpreter.runs;
    const start = performance.now();
    const objection = textObjection(tactic, max_tactic_bytes);
    const verdict = objection
      ? { outcome: /** @type {const} */ ('failed'), error: objection, heartbeats: 0, wall_limit: false }
      : step(session, parent, tactic, soft_ms, heartbeats, errors);
    const ran = session.interpreter.runs > before;
    results.push({ ...verdict, ms: round(performance.now() - start), ...(ran && { ran_code: /** @type {const} */ (true) }) });
    if (verdict.outcome === 'proved' && stop_at_proof) break;
    session.requireHealth();
  }
  return { results };
}

/** @param {number} ms */
const round = (ms) => Math.round(ms * 1000) / 1000;

/**
 * @param {Session} session
 * @param {OpenState} parent
 * @param {string} tactic
 * @param {number} softMs
 * @param {number} limit
 * @param {boolean} explains
 * @returns {Omit<StepResult, 'ms'>}
 */
function step(session, parent, tactic, softMs, limit, explains) {
  const { lean, watchdog, interpreter } = session;
  const { value: { step: taken, ending }, fired } = watchdog.within(softMs, () => interpreter.passingData(() => {
    const taken = runTactic(lean, parent.problem.environment.parser, parent.state, tactic, limit, explains);
    return { step: taken, ending: taken.state === null ? null : conclude(session, parent.problem, taken.state) };
  }));
  const { heartbeats, exhausted, error } = taken;
  if (fired || exhausted) {
    if (taken.state) release(lean, taken.state);
    const reason = exhausted ? error : `stopped after ${softMs} ms`;
    return { outcome: 'timed_out', error: cut(String(reason)), heartbeats, wall_limit: !exhausted };
  }
  if (taken.state === null || ending === null) return { outcome: 'failed', error: cut(String(error)), heartbeats, wall_limit: false };
  if (ending.outcome === 'failed' || ending.outcome === 'given_up') {
    release(lean, taken.state);
    return { ...ending, error: cut(ending.error), heartbeats, wall_limit: false };
  }
  return { ...ending, state: session.keep(taken.state, parent.problem), heartbeats, wall_limit: false };
}

/**
 * What a state that a tactic reached amounts to.
 * @param {Session} session
 * @param {Problem} problem
 * @param {TacticState} state  borrowed
 * @returns {{outcome: 'advanced' | 'proved', goals: string[]} | {outcome: 'failed' | 'given_up', error: string}}
 */
function conclude({ lean }, problem, state) {
  try {
    if (goalsOf(lean, state).length) return { outcome: 'advanced', goals: problem.printer.print(state) };
    const term = closedTerm(lean, problem.goal, state);
    const sorry = mentions(lean, state, problem.environment.pointer, term, 'sorryAx');
    lean.dec(term);
    return sorry ? { outcome: 'given_up', error: 'the proof contains `sorry`' } : { outcome: 'proved', goals: [] };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { outcome: 'failed', error: error.message };
  }
}

/** @param {string} text */
const cut = (text) => (text.length > MAX_ERROR ? `${text.slice(0, MAX_ERROR - 1)}…` : text);

/** @param {Session} session @param {{states: number[]}} request */
function drop(session, { states }) {
  for (const id of states) session.drop(id);
  return {};
}

/**
 * The closed proof term with its auxiliary constants.
 * @param {Session} session
 * @param {{root: number, state: number, soft_ms?: number}} request
 */
function exportProof(session, { root, state: id, soft_ms = DEFAULT_SOFT_MS }) {
  const { lean } = session;
  const start = performance.now();
  const { state, problem } = session.state(id);
  if (session.state(root).problem !== problem) throw new Refusal('bad_request', 'root and state belong to different theorems');
  return session.within(soft_ms, () => {
    const term = closedTerm(lean, problem.goal, state);
    const isKnown = session.environments.knowledge(problem.environment);
    const auxiliaries = auxiliaryConstants(lean, environmentOf(lean, state), isKnown, [problem.type, term]);
    const writer = new NdjsonWriter(lean);
    for (const info of auxiliaries) writer.constant(info);
    writer.theorem(TARGET, problem.levels, problem.type, term);
    const ndjson = writer.text();
    for (const info of auxiliaries) lean.dec(info);
    lean.dec(term);
    return { ndjson, ms: round(performance.now() - start) };
  });
}

/**
 * Each goal as a closed type, its context reverted; null for a goal that depends on metavariables.
 * @param {Session} session
 * @param {{state: number}} request
 */
function exportGoals(session, { state: id }) {
  const { lean } = session;
  const { state } = session.state(id);
  return session.within(DEFAULT_SOFT_MS, () => ({ goals: goalsOf(lean, state).map((goal) => exportGoal(lean, state, goal)) }));
}

/**
 * The goals by Lean's own ppGoal, for comparison with what steps answer.
 * @param {Session} session
 * @param {{state: number}} request
 */
function printGoals(session, { state: id }) {
  const { state } = session.state(id);
  return session.within(DEFAULT_SOFT_MS, () => ({ goals: printGoalsAnew(session.lean, state) }));
}

module.exports = { openLibrary, openText, run, drop, exportProof, exportGoals, printGoals };
