'use strict';
/**
 * A theorem's header: the commands that stand above it, elaborated one by one. Each is looked at before Lean elaborates it
 * (header_syntax.js), the first error ends it, and so does code of the text that Lean would run, generated notations excepted.
 */
const { readConstant, withFields } = require('./objects.js');
const { persistentMapEntries } = require('./containers.js');
const { STATE_ENVIRONMENT, elaborateText, environmentOf, openScopes } = require('./frontend.js');
const { Modules } = require('./header_modules.js');
const { objectionTo, makesSyntax, saysOnly } = require('./header_syntax.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./interpreter.js').InterpreterWatch} InterpreterWatch */
/** Our own text before a header, the header, our own options behind it. @typedef {{prefix: string, text: string, settings: string}} Header */
/** What elaboration needs of the session. @typedef {{interpreter: InterpreterWatch, cancelToken: Pointer, cancelled: () => boolean}} Elaboration */

const MAX_COMMAND_SHOWN = 80;

/**
 * Names and ConstantInfos of what was declared since the environment was imported. Borrowed; in no order.
 * @param {Lean} lean @param {Pointer} environment  borrowed
 * @returns {Map<string, Pointer>}
 */
function declaredIn(lean, environment) {
  // Environment.constants: SMap {stage₁, map₁, map₂}; map₁ is what was imported.
  const constants = lean.call('l_Lean_Environment_constants', lean.inc(environment));
  const declared = new Map();
  for (const [name, info] of persistentMapEntries(lean, lean.field(constants, 1))) declared.set(lean.nameToString(name), info);
  lean.dec(constants);
  return declared;
}

/**
 * Elaborates our own text, which may make syntax.
 * @param {Lean} lean @param {string} text @param {Pointer} state  consumed Command.State @param {Elaboration} elaboration
 * @returns {{state: Pointer, syntax: Pointer[]}}  state owned; bodies of the macros, borrowed from it
 */
function elaborateOwn(lean, text, state, { interpreter, cancelToken, cancelled }) {
  const { state: after, messages } = interpreter.passingAll(() => elaborateText(lean, text, state, { cancelToken, cancelled, stopAtError: true }));
  if (messages.length) {
    lean.dec(after);
    throw new Refusal('lean', `no header can stand over these imports: ${messages[0].data}`);
  }
  return { state: after, syntax: bodies(lean, declaredIn(lean, environmentOf(lean, after)).values()) };
}

/** @param {Lean} lean @param {Iterable<Pointer>} infos  borrowed @returns {Pointer[]} borrowed */
function bodies(lean, infos) {
  return [...infos].map((info) => readConstant(lean, info).value).filter((value) => value !== null);
}

/**
 * @param {Lean} lean
 * @param {string} text
 * @param {Pointer} state  consumed Command.State
 * @param {Elaboration} elaboration
 * @returns {{state: Pointer, syntax: Pointer[]}}  state owned; bodies of the notations' macros, borrowed from it
 */
function elaborateHeader(lean, text, state, { interpreter, cancelToken, cancelled }) {
  /** @type {Pointer[]} */
  const syntax = [];
  const bytes = Buffer.from(text);
  const scopes = openScopes(lean, state);
  const modules = new Modules(text);
  const outside = lean.call('l_Lean_Environment_mainModule', lean.inc(environmentOf(lean, state)));
  /** @type {import('./header_modules.js').Module | undefined} */
  let module;
  /** @type {import('./frontend.js').Around} */
  const around = (command, elaborate) => {
    if (saysOnly(lean, command.syntax)) return command.state;
    const where = () => place(modules, bytes, command.start);
    if (modules.around(command.start) !== module) {
      module = modules.around(command.start);
      command = { ...command, state: enter(lean, module, outside, command.state) };
    }
    const objection = objectionTo(lean, command.syntax);
    if (objection !== null) {
      lean.dec(command.state);
      throw new Refusal('lean', `${where().spot}: a header may not contain ${objection}`);
    }
    const generates = makesSyntax(lean, command.syntax);
    const before = generates ? declaredIn(lean, environmentOf(lean, command.state)) : null;
    const runs = interpreter.runs;
    const after = generates
      ? interpreter.passingAll(() => elaborate(command.state)) : interpreter.passingData(() => elaborate(command.state));
    const ran = interpreter.runs > runs;
    if (ran || openScopes(lean, after) < scopes) {
      lean.dec(after);
      const { spot, shown } = where();
      throw new Refusal('lean', `${spot}: \`${shown}\` ${ran ? 'runs code of its own' : 'closes what the header did not open'}`);
    }
    if (before !== null) {
      const fresh = [...declaredIn(lean, environmentOf(lean, after))].filter(([name]) => !before.has(name));
      const made = bodies(lean, fresh.map(([, info]) => info));
      syntax.push(...made);
      interpreter.trust(made);
    }
    return after;
  };
  try {
    const { state: after, messages } = elaborateText(lean, text, state, { cancelToken, cancelled, stopAtError: true, around });
    const error = messages.find(({ severity }) => severity === 'error');
    if (error === undefined && !cancelled()) return { state: after, syntax };
    lean.dec(after);
    throw new Refusal('lean', error === undefined ? 'stopped' : `${modules.spot(error.pos.line)}: ${explained(error.data)}`);
  } catch (error) {
    interpreter.distrust(syntax);
    throw error;
  } finally {
    if (lean.stackIsRewound()) lean.dec(outside);
  }
}

/** Where a command is and its first words. @param {Modules} modules @param {Buffer} bytes @param {number} start  in bytes, blanks included */
function place(modules, bytes, start) {
  const rest = bytes.subarray(start).toString();
  const blank = /^(\s|--.*(\n|$)|\/-(?![-!])[^]*?-\/)*/.exec(rest)?.[0] ?? '';
  const line = (bytes.subarray(0, start).toString() + blank).split('\n').length;
  const first = rest.slice(blank.length).split('\n')[0].trim();
  return { spot: modules.spot(line), shown: first.length > MAX_COMMAND_SHOWN ? `${first.slice(0, MAX_COMMAND_SHOWN)}…` : first };
}

/**
 * The state with which a module of one's own begins, or what stands behind them all: private names are its own.
 * @param {Lean} lean
 * @param {import('./header_modules.js').Module | undefined} module
 * @param {Pointer} outside  borrowed Name: the main module behind them all
 * @param {Pointer} state  consumed Command.State
 * @returns {Pointer} owned
 */
function enter(lean, module, outside, state) {
  const name = module === undefined ? lean.inc(outside) : lean.makeName(module.name);
  const environment = lean.call('l_Lean_Environment_setMainModule', lean.inc(environmentOf(lean, state)), name);
  return withFields(lean, state, { [STATE_ENVIRONMENT]: environment });
}

/** Lean confuses two private names that differ by their modules alone where both are of one environment. @param {string} error */
const explained = (error) => error.replace(/^Unknown constant `_private\.\S+?\.0\.(\S+)`$/, 'private `$1` is declared by another module as well; here names have to differ');

module.exports = { declaredIn, elaborateOwn, elaborateHeader };
