'use strict';
// Lean's command loop, on this thread: text in, messages and the final command state out.

const { withFields, takeField } = require('./objects.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./types.js').LeanMessage} LeanMessage */
/** @typedef {{line: number, column: number, message: string}} ParseError */
/** What goes round the elaboration of a command. `syntax` is borrowed; `state` is consumed and the result owned; `start` is
 *  the offset in bytes at which what the command was parsed from begins, blanks and comments included.
 *  @typedef {(command: {syntax: Pointer, state: Pointer, start: number}, elaborate: (state: Pointer) => Pointer) => Pointer} Around */

const FILE_NAME = '<input>';

// Command.State {env, messages, scopes, ...}; Scope {header, opts, currNamespace, openDecls, ...}
const STATE_ENVIRONMENT = 0;
const STATE_MESSAGES = 1;
const STATE_SCOPES = 2;
const SCOPE_OPTIONS = 1;
/** varDecls, varUIds : Array; includedVars, omittedVars : List. */
const SCOPE_VARIABLES = { 5: 'array', 6: 'array', 7: 'list', 8: 'list' };

/** After these commands the loop stops: end of input, `#exit`, and an `import` that comes too late. */
const TERMINAL_KINDS = new Set(['Lean.Parser.Command.eoi', 'Lean.Parser.Command.exit', 'Lean.Parser.Command.import']);

/** @param {Lean} lean */
const emptyLog = (lean) => lean.inc(lean.globalValue('l_Lean_MessageLog_empty'));

/**
 * @param {Lean} lean
 * @param {Pointer} environment   borrowed
 * @param {Pointer} options       consumed
 * @returns {Pointer} owned Command.State
 */
function initialState(lean, environment, options) {
  return lean.call('l_Lean_Elab_Command_mkState', lean.inc(environment), emptyLog(lean), options);
}

/**
 * @param {Lean} lean
 * @param {Pointer} state   borrowed Command.State
 * @returns {Pointer} borrowed
 */
const environmentOf = (lean, state) => lean.field(state, STATE_ENVIRONMENT);

/**
 * The kind of a syntax node as text, '' for atoms, identifiers and missing syntax.
 * @param {Lean} lean
 * @param {Pointer} syntax   borrowed
 */
function syntaxKind(lean, syntax) {
  const isNode = (syntax & 1) === 0 && lean.tag(syntax) === 1; // Syntax.node info kind args
  return isNode ? lean.nameToString(lean.field(syntax, 1)) : '';
}

/**
 * The children of a syntax node (none for anything else), borrowed.
 * @param {Lean} lean
 * @param {Pointer} syntax   borrowed
 * @returns {Pointer[]}
 */
function syntaxArguments(lean, syntax) {
  const isNode = (syntax & 1) === 0 && lean.tag(syntax) === 1;
  return isNode ? lean.arrayItems(lean.field(syntax, 2)) : [];
}

/**
 * Parses `text` as exactly one member of a syntax category, to its end.
 * @param {Lean} lean
 * @param {Pointer} environment   borrowed
 * @param {string} category
 * @param {string} text
 * @returns {{syntax: Pointer, error: null} | {syntax: null, error: ParseError}}  syntax owned
 */
function parseCategory(lean, environment, category, text) {
  const result = lean.call(
    'l_Lean_Parser_runParserCategory',
    lean.inc(environment),
    lean.makeName(category),
    lean.makeString(text),
    lean.makeString(FILE_NAME),
  );
  const parsed = lean.tag(result) === 1; // Except.ok
  const value = takeField(lean, result, 0);
  return parsed ? { syntax: value, error: null } : { syntax: null, error: readParseError(lean.takeString(value)) };
}

/** @param {string} text  like `<input>:2:5: expected term` @returns {ParseError} */
function readParseError(text) {
  const [, line, column, message] = /^<input>:(\d+):(\d+): (.*)/s.exec(text) ?? [null, 1, 0, text];
  return { line: Number(line), column: Number(column), message: String(message) };
}

/** A parse error at its place in a text that was parsed from the second line on. @param {ParseError} error */
function parseErrorText({ line, column, message }) {
  return `line ${line - 1}, column ${column}: ${message}`;
}

/**
 * Elaborates one parsed command.
 * @param {Lean} lean
 * @param {Pointer} syntax        consumed
 * @param {Pointer} state         consumed Command.State
 * @param {Pointer} fileMap       consumed
 * @param {Pointer} position      consumed String.Pos of the command
 * @param {Pointer | null} cancelToken   borrowed
 * @returns {Pointer} owned Command.State
 */
function elaborateCommand(lean, syntax, state, fileMap, position, cancelToken) {
  const { box } = lean;
  const cancel = cancelToken === null ? box(0) : lean.makeCtor(1, [lean.inc(cancelToken)]);
  // Command.Context {fileName, fileMap, currRecDepth, cmdPos, macroStack, quotContext?, currMacroScope, ref, snap?, cancelTk?
  //                  | suppressElabErrors : Bool}
  const context = lean.makeCtor(
    0,
    [lean.makeString(FILE_NAME), fileMap, box(0), position, box(0), box(0), box(1), box(0), box(0), cancel],
    4,
  );
  lean.u8()[context + 8 + 4 * 10] = 0;
  const reference = lean.makeRef(state);
  lean.dec(lean.call('l_Lean_Elab_Command_elabCommandTopLevel', syntax, context, lean.inc(reference)));
  const after = lean.readRef(reference);
  lean.dec(reference);
  return after;
}

/**
 * Empties the message log of a command state.
 * @param {Lean} lean
 * @param {Pointer} state   consumed Command.State
 * @returns {{state: Pointer, messages: LeanMessage[]}}
 */
function takeMessages(lean, state) {
  const messages = /** @type {LeanMessage[]} */ (lean.messages(lean.inc(lean.field(state, STATE_MESSAGES))));
  return { state: withFields(lean, state, { [STATE_MESSAGES]: emptyLog(lean) }), messages };
}

/**
 * Parses and elaborates a text, command by command.
 * @param {Lean} lean
 * @param {string} source
 * @param {Pointer} state   consumed Command.State
 * @param {object} [options]
 * @param {Pointer | null} [options.cancelToken]   borrowed
 * @param {() => boolean} [options.cancelled]      asked between commands: a cancelled command must not be followed by the next
 * @param {boolean} [options.stopAtError]          whether a command with an error is the last
 * @param {Around | null} [options.around]         sees each command before it is elaborated, and elaborates it
 * @returns {{state: Pointer, messages: LeanMessage[]}}  state owned
 */
function elaborateText(lean, source, state, { cancelToken = null, cancelled = () => false, stopAtError = false, around = null } = {}) {
  const { box } = lean;
  const bytes = Buffer.byteLength(source);
  // mkInputContext input fileName normalizeInput endPos endPos_valid
  const input = lean.call(
    'l_Lean_Parser_mkInputContext',
    lean.makeString(source),
    lean.makeString(FILE_NAME),
    box(1),
    box(bytes),
    box(0),
  );
  /** @type {LeanMessage[]} */
  const messages = [];
  let position = box(0);
  let recovering = 0;
  for (;;) {
    const scope = lean.field(lean.field(state, STATE_SCOPES), 0);
    // ParserModuleContext {env, options, currNamespace, openDecls}
    const parserContext = lean.makeCtor(0, [
      lean.inc(lean.field(state, STATE_ENVIRONMENT)),
      lean.inc(lean.field(scope, 1)),
      lean.inc(lean.field(scope, 2)),
      lean.inc(lean.field(scope, 3)),
    ]);
    const parserState = lean.makeCtor(0, [position], 4); // ModuleParserState {pos | recovering}
    lean.u8()[parserState + 12] = recovering;
    const commandPosition = position;
    const parsed = lean.call('l_Lean_Parser_parseCommand', lean.inc(input), parserContext, parserState, emptyLog(lean));
    const syntax = lean.inc(lean.field(parsed, 0)); // (syntax, parserState, log)
    const rest = lean.field(parsed, 1);
    const nextState = lean.field(rest, 0);
    position = lean.inc(lean.field(nextState, 0));
    recovering = lean.u8()[nextState + 12];
    // What the parser says; elabCommandTopLevel starts with a log of its own and would lose it.
    messages.push(...lean.messages(lean.inc(lean.field(rest, 1))));
    state = withFields(lean, state, { [STATE_MESSAGES]: emptyLog(lean) });
    lean.dec(parsed);

    const terminal = TERMINAL_KINDS.has(syntaxKind(lean, syntax));
    /** @param {Pointer} before */
    const elaborate = (before) => (
      elaborateCommand(lean, lean.inc(syntax), before, lean.inc(lean.field(input, 2)), commandPosition, cancelToken)
    );
    let after;
    try {
      after = around === null ? elaborate(state) : around({ syntax, state, start: commandPosition >>> 1 }, elaborate);
    } catch (error) {
      if (lean.stackIsRewound()) [syntax, input].forEach((value) => lean.dec(value));
      throw error;
    }
    lean.dec(syntax);
    const taken = takeMessages(lean, after);
    state = taken.state;
    messages.push(...taken.messages);
    if (terminal || cancelled() || (stopAtError && messages.some(({ severity }) => severity === 'error'))) break;
  }
  lean.dec(position);
  lean.dec(input);
  return { state, messages };
}

/**
 * How many scopes are open.
 * @param {Lean} lean @param {Pointer} state  borrowed Command.State
 */
const openScopes = (lean, state) => lean.listItems(lean.field(state, STATE_SCOPES)).length;

/**
 * A command state whose innermost scope has no `variable`s: what is elaborated there has an empty context.
 * @param {Lean} lean @param {Pointer} state  borrowed Command.State
 * @returns {Pointer} owned
 */
function withoutVariables(lean, state) {
  const [scope, ...outer] = lean.listItems(lean.field(state, STATE_SCOPES)).map((one) => lean.inc(one));
  const empty = Object.entries(SCOPE_VARIABLES).map(([field, kind]) => [field, kind === 'array' ? lean.makeArray([]) : lean.box(0)]);
  const bare = withFields(lean, scope, Object.fromEntries(empty));
  return withFields(lean, lean.inc(state), { [STATE_SCOPES]: lean.makeList([bare, ...outer]) });
}

/**
 * The options that `set_option` lines give. Options do not depend on the environment they were set in.
 * @param {Lean} lean
 * @param {Record<string, string>} settings
 * @returns {Pointer} owned Options
 */
function makeOptions(lean, settings) {
  const lines = Object.entries(settings).map(([name, value]) => `set_option ${name} ${value}\n`);
  const { state, messages } = elaborateText(lean, lines.join(''), initialState(lean, lean.environment, lean.emptyOptions()));
  if (messages.length) throw new Error(`options refused: ${messages[0].data}`);
  const options = lean.inc(lean.field(lean.field(lean.field(state, STATE_SCOPES), 0), SCOPE_OPTIONS));
  lean.dec(state);
  return options;
}

module.exports = {
  FILE_NAME,
  STATE_ENVIRONMENT,
  initialState,
  environmentOf,
  syntaxKind,
  syntaxArguments,
  parseCategory,
  parseErrorText,
  elaborateCommand,
  takeMessages,
  elaborateText,
  openScopes,
  withoutVariables,
  makeOptions,
};
