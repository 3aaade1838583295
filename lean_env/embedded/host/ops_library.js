'use strict';
/** Operations on texts, on the library and on the worker itself. */
const { readConstant } = require('./lean/objects.js');
const { initialState, elaborateText } = require('./lean/frontend.js');
const { printExpression } = require('./lean/printing.js');
const { elaborateStatement, releaseStatement } = require('./lean/statement.js');
const { constantNamed, libraryTheorems } = require('./lean/library.js');
const { sameExpression } = require('./lean/kernel.js');
const { probe } = require('./lean/probe.js');
const { fingerprint } = require('./lean/fingerprint.js');
const { Refusal } = require('./refusal.js');

/** @typedef {import('./lean/types.js').Pointer} Pointer */
/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./lean/environments.js').ImportedEnvironment} ImportedEnvironment */
/** @typedef {import('./lean/header.js').Header} Header */

const TEXT_SOFT_MS = 10_000;
/** For operations over many theorems: all of Init prints in about a minute. */
const LIBRARY_SOFT_MS = 600_000;
/** 600 constructors with what Lean derives for them take longer. */
const HEADER_SOFT_MS = 60_000;

/**
 * Elaborates a whole text with Lean's default options, or with what a header leaves in force.
 * @param {Session} session
 * @param {{imports: string[], header?: Header | null, header_ms?: number, source: string, soft_ms?: number}} request
 */
function checkText(session, { imports, header = null, header_ms = HEADER_SOFT_MS, source, soft_ms = TEXT_SOFT_MS }) {
  const { lean, watchdog, cancelToken } = session;
  const start = performance.now();
  const { pointer, scopes } = session.environment(imports, header, header_ms);
  return session.within(soft_ms, () => {
    const begin = scopes === null ? initialState(lean, pointer, lean.emptyOptions()) : lean.inc(scopes.state);
    const { state, messages } = elaborateText(lean, source, begin, { cancelToken, cancelled: () => watchdog.fired() });
    lean.dec(state);
    return {
      messages: messages.map(({ severity, data, pos }) => ({ severity, data, line: pos.line, column: pos.column })),
      ms: performance.now() - start,
    };
  });
}

/**
 * The default print of stored statements, with the options of tactic states.
 * @param {Session} session
 * @param {{imports: string[], names: string[], round_trip?: boolean, soft_ms?: number}} request
 */
function print(session, { imports, names, round_trip = false, soft_ms = LIBRARY_SOFT_MS }) {
  const { lean } = session;
  const environment = session.environments.get(imports);
  return session.within(soft_ms, () => ({
    statements: names.map((name) => {
      const info = constantNamed(session.environments, name);
      const { text, levels } = printStatement(session, environment, info);
      const round_trips = round_trip ? roundTrips(session, environment, info, text, levels) : null;
      lean.dec(info);
      return { name, text, levels, round_trips };
    }),
  }));
}

/** @param {Session} session @param {ImportedEnvironment} environment @param {Pointer} info  borrowed */
function printStatement({ lean, environments }, environment, info) {
  const { type, levels } = readConstant(lean, info);
  const text = printExpression(lean, environments.template(environment), type);
  return { text, levels: lean.listItems(levels).map((level) => lean.nameToString(level)) };
}

/**
 * Whether the text means the stored expression.
 * @param {Session} session @param {ImportedEnvironment} environment @param {Pointer} info  borrowed
 * @param {string} text @param {string[]} levels
 */
function roundTrips(session, environment, info, text, levels) {
  const { lean } = session;
  try {
    const statement = elaborateStatement(lean, session.place(environment), text, levels, session.cancelToken);
    const same = sameExpression(lean, statement.type, readConstant(lean, info).type);
    releaseStatement(lean, statement);
    return same;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/**
 * The human-named theorems of some modules, printed in full Init.
 * @param {Session} session
 * @param {{modules?: string[] | null, soft_ms?: number}} request
 */
function listLibrary(session, { modules = null, soft_ms = LIBRARY_SOFT_MS }) {
  const environment = session.environments.get(['Init']);
  return session.within(soft_ms, () => ({
    theorems: [...libraryTheorems(session.lean, modules && new Set(modules))].map(({ name, module, info }) => (
      { name, module, ...printStatement(session, environment, info) }
    )),
  }));
}

/**
 * Which automation runs in an environment.
 * @param {Session} session
 * @param {{imports: string[], soft_ms?: number}} request
 */
function probeEnvironment(session, { imports, soft_ms = TEXT_SOFT_MS }) {
  const { lean, environments, statementOptions, cancelToken } = session;
  const environment = environments.get(imports);
  const template = environments.templateOrNull(environment);
  if (template === null) return { tactics: false, runs: { simp: false, simp_all: false, omega: false, grind: false, rcases: false } };
  const { pointer, parser } = environment;
  return session.within(soft_ms, () => ({ tactics: true, runs: probe(lean, { pointer, parser, template, statementOptions, cancelToken }) }));
}

/** @param {Session} session @param {{imports: string[]}} request */
function fingerprintEnvironment({ lean, environments }, { imports }) {
  const environment = environments.get(imports);
  return fingerprint(lean, environment.pointer, environments.templateOrNull(environment));
}

/**
 * A header's declarations.
 * @param {Session} session
 * @param {{imports: string[], header: Header, header_ms?: number}} request
 */
function exportHeader(session, { imports, header, header_ms = HEADER_SOFT_MS }) {
  const environment = session.environment(imports, header, header_ms);
  return session.within(header_ms, () => ({ ndjson: session.environments.exported(environment).ndjson }));
}

/** @param {Session} session */
function memory({ states, environments }) {
  const MIB = 2 ** 20;
  return { states: states.size, environments: environments.cache.size, rss_mb: Math.round(process.memoryUsage.rss() / MIB) };
}

module.exports = { checkText, exportHeader, print, listLibrary, probeEnvironment, fingerprintEnvironment, memory };
