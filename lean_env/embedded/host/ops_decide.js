'use strict';
/** The one operation that is believed: the kernel's decision about a finished proof term. Role `decide` only. */
const { readConstant } = require('./lean/objects.js');
const { NdjsonReader } = require('./lean/import_ndjson.js');
const { exportExpression } = require('./lean/export_ndjson.js');
const { checkProof } = require('./lean/kernel.js');
const { constantNamed } = require('./lean/library.js');
const { Refusal } = require('./refusal.js');

/** @typedef {import('./session.js').Session} Session */
/** @typedef {{library: string} | {expression: string, levels: string[]}} Target */

const DEFAULT_SOFT_MS = 60_000;

/**
 * @param {Session} session
 * @param {{imports: string[], target: Target, proof: string, soft_ms?: number, heartbeats?: number}} request
 */
function kernelCheck(session, { imports, target, proof, soft_ms = DEFAULT_SOFT_MS, heartbeats = 0 }) {
  const { lean } = session;
  const start = performance.now();
  const { pointer } = session.environments.get(imports);
  const statement = readTarget(session, target);
  try {
    const decision = session.within(soft_ms, () => checkProof(lean, pointer, statement, proof, heartbeats, session.cancelToken));
    return { ...decision, ms: performance.now() - start };
  } finally {
    if (lean.stackIsRewound()) statement.release();
  }
}

/** The statement without metadata, which a proof term does not have either. @param {Session} session @param {Target} target */
function readTarget({ lean, environments }, target) {
  let text;
  let levels;
  if ('library' in target) {
    const info = constantNamed(environments, target.library);
    const constant = readConstant(lean, info);
    text = exportExpression(lean, constant.type);
    levels = lean.inc(constant.levels);
    lean.dec(info);
  } else {
    text = target.expression;
    levels = lean.makeList(target.levels.map((level) => lean.makeName(level)));
  }
  const reader = new NdjsonReader(lean).read(text);
  if (reader.root === null) throw new Refusal('bad_request', 'the statement has no expression');
  return { type: reader.root, levels, release: () => { reader.release(); lean.dec(levels); } };
}

module.exports = { kernelCheck };
