'use strict';
/** What each operation's request must look like. A request that does not is refused before anything happens. */
const { MAX_HEARTBEATS } = require('./lean/tactic.js');
const { Refusal } = require('./refusal.js');

/** A timer's word is 32 bits; a day is more than any operation has. */
const MAX_SOFT_MS = 86_400_000;

/** @typedef {{says: string, holds: (value: any) => boolean}} Shape */

/** @type {Shape} */
const text = { says: 'a text', holds: (value) => typeof value === 'string' };
/** @type {Shape} */
const texts = { says: 'a list of texts', holds: (value) => Array.isArray(value) && value.every(text.holds) };
/** Module names go into an import header, one a line. @type {Shape} */
const imports = { says: 'a list of module names', holds: (value) => texts.holds(value) && value.length > 0 && value.every(isModuleName) };
/** @type {Shape} */
const flag = { says: 'true or false', holds: (value) => typeof value === 'boolean' };
/** @type {Shape} */
const stateId = { says: 'the number of a state', holds: Number.isInteger };
/** @type {Shape} */
const stateIds = { says: 'a list of state numbers', holds: (value) => Array.isArray(value) && value.every(Number.isInteger) };
/** @type {Shape} */
const softMs = { says: `1 to ${MAX_SOFT_MS} milliseconds`, holds: (value) => Number.isFinite(value) && value >= 1 && value <= MAX_SOFT_MS };
/** @type {Shape} */
const heartbeats = {
  says: `0 to ${MAX_HEARTBEATS} thousand heartbeats`,
  holds: (value) => Number.isInteger(value) && value >= 0 && value <= MAX_HEARTBEATS,
};
/** @type {Shape} */
const bytes = { says: 'a number of bytes', holds: (value) => Number.isInteger(value) && value >= 0 };
/** @type {Shape} */
const textsOrNull = { says: 'a list of texts or null', holds: (value) => value === null || texts.holds(value) };
/** @type {Shape} */
const target = {
  says: '{library} or {expression, levels}',
  holds: (value) => text.holds(value?.library) || (text.holds(value?.expression) && texts.holds(value?.levels)),
};

/** @type {Shape} */
const header = {
  says: '{prefix, text, settings}',
  holds: (value) => text.holds(value?.prefix) && text.holds(value?.text) && text.holds(value?.settings) && Object.keys(value).length === 3,
};

/** @type {Shape} */
const lemmas = {
  says: '{digest, terms, marks}',
  holds: (value) => text.holds(value?.digest) && texts.holds(value?.terms) && texts.holds(value?.marks) && Object.keys(value).length === 3,
};

/** @param {string} name */
function isModuleName(name) {
  return /^[\p{L}_][\p{L}\p{N}_'!?]*(\.[\p{L}_][\p{L}\p{N}_'!?]*)*$/u.test(name);
}

/** Fields with `?` may be absent; `soft_ms` may be everywhere. @type {Record<string, Record<string, Shape>>} */
const REQUESTS = {
  memory: {},
  check_text: { imports, 'header?': header, 'header_ms?': softMs, source: text },
  print: { imports, names: texts, 'round_trip?': flag },
  list_library: { 'modules?': textsOrNull },
  probe: { imports },
  fingerprint: { imports },
  open_library: { imports, name: text, 'lemmas?': lemmas, 'lemmas_ms?': softMs },
  open_text: { imports, 'header?': header, 'header_ms?': softMs, statement: text, 'levels?': texts },
  export_header: { imports, header, 'header_ms?': softMs },
  run: { state: stateId, tactics: texts, 'heartbeats?': heartbeats, 'stop_at_proof?': flag, 'max_tactic_bytes?': bytes, 'errors?': flag },
  drop: { states: stateIds },
  export_proof: { root: stateId, state: stateId },
  export_goals: { state: stateId },
  print_goals: { state: stateId },
  kernel_check: { imports, target, proof: text, 'heartbeats?': heartbeats },
};

/** Refuses a request of the wrong shape. @param {string} operation @param {any} request */
function checkRequest(operation, request) {
  for (const [key, shape] of Object.entries({ ...REQUESTS[operation], 'soft_ms?': softMs })) {
    const field = key.replace('?', '');
    const absent = !Object.hasOwn(request, field);
    if (absent ? field === key : !shape.holds(request[field])) {
      throw new Refusal('bad_request', `${operation} needs ${field}: ${shape.says}`);
    }
  }
}

module.exports = { checkRequest };
