'use strict';
/**
 * Lean's pretty printer on live states: goals as `ppGoal` prints them, put together from lines of which most are known.
 *
 * ppGoal (src/Lean/Meta/PPGoal.lean) joins lines: the case, groups of neighbouring locals of one type, the target. No group reaches
 * over a line end, so that a line can be printed by itself. What is out of the ordinary (locals that share a name, `let`
 * values, `conv` goals) goes to Lean's own ppGoal.
 */
const { instantiate } = require('./objects.js');
const { METAVAR_DECL, query, goalsOf, inContextOf, release, metavariablesOf, resetHeartbeats } = require('./states.js');
const { TAG, hasMetavariables, isUnseenAnnotation } = require('./expressions.js');
const { declarationsOf, readDeclaration, shownName } = require('./local_context.js');
const { PrintCache } = require('./print_cache.js');
const { flatText } = require('./flat_text.js');
const { sameExpression } = require('./kernel.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./types.js').TacticState} TacticState */
/** @typedef {import('./local_context.js').Declaration} Declaration */
/** @typedef {import('./print_cache.js').Scope} Scope */

/** Lean's default line width, the one that LeanDojo's states have. */
const WIDTH = 120;
const INDENT = 2;

/** Locals that are kept as read, before all are forgotten. */
const MAX_DECLARATIONS = 1024;

/** Constructor tags of Std.Format; `nil` and `line` are boxed. */
const FORMAT = { line: 1, text: 3, nest: 4, append: 5, group: 6 };

/** @param {Lean} lean @param {Pointer} format  consumed */
function formatText(lean, format) {
  return lean.takeString(lean.call('l_Std_Format_pretty', format, lean.box(WIDTH), lean.box(0), lean.box(0)));
}

/** The goals by Lean's own ppGoal, as `trace_state` shows them. @param {Lean} lean @param {TacticState} state  borrowed */
function printGoalsAnew(lean, state) {
  return goalsOf(lean, state).map((goal) => printGoalAnew(lean, state, goal));
}

/** @param {Lean} lean @param {TacticState} state  borrowed @param {Pointer} goal  borrowed */
function printGoalAnew(lean, state, goal) {
  resetHeartbeats(lean, state);
  return formatText(lean, query(lean, state, 'meta', 'l_Lean_Meta_ppGoal', [lean.inc(goal)]));
}

/** The expression's Format, with a whole heartbeat allowance. @param {Lean} lean @param {TacticState} state @param {Pointer} expression  both borrowed */
function expressionFormat(lean, state, expression) {
  resetHeartbeats(lean, state);
  return query(lean, state, 'meta', 'l_Lean_Meta_ppExpr', [lean.inc(expression)]);
}

/** @param {Lean} lean @param {TacticState} state  borrowed @param {Pointer} expression  borrowed */
function printExpression(lean, state, expression) {
  return formatText(lean, expressionFormat(lean, state, expression));
}

/** Prints the goals of the states of one theorem. */
class GoalPrinter {
  /** @param {Lean} lean @param {() => boolean} interrupted  whether Lean has been told to stop, and prints may be cut short */
  constructor(lean, interrupted) {
    this.lean = lean;
    this.interrupted = interrupted;
    this.cache = new PrintCache(lean);
    /** As read, by address; addresses owned. @type {Map<Pointer, Declaration>} */
    this.declarations = new Map();
  }

  /** The goals as `trace_state` would show them. Refuses where the printer throws. @param {TacticState} state  borrowed */
  print(state) {
    if (this.cache.full || this.declarations.size > MAX_DECLARATIONS) this.release();
    return goalsOf(this.lean, state).map((goal) => this.printGoal(state, goal));
  }

  /** Forgets everything. */
  release() {
    this.cache.clear();
    for (const pointer of this.declarations.keys()) this.lean.dec(pointer);
    this.declarations.clear();
  }

  /** @param {TacticState} state  borrowed @param {Pointer} goal  borrowed */
  printGoal(state, goal) {
    const { lean } = this;
    const found = lean.call('l_Lean_MetavarContext_findDecl_x3f', lean.inc(metavariablesOf(lean, state)), lean.inc(goal));
    if (found & 1) return printGoalAnew(lean, state, goal);
    const metavariable = lean.field(found, 0);
    const locals = this.locals(lean.field(metavariable, METAVAR_DECL.localContext));
    const target = lean.field(metavariable, METAVAR_DECL.type);
    const ordinary = lean.tag(target) !== TAG.mdata || isUnseenAnnotation(lean, target);
    try {
      return locals && ordinary ? new GoalText(this, state, metavariable, locals).text() : printGoalAnew(lean, state, goal);
    } finally {
      if (lean.stackIsRewound()) lean.dec(found);
    }
  }

  /** The context, or null when it is out of the ordinary. @param {Pointer} context  borrowed */
  locals(context) {
    const locals = declarationsOf(this.lean, context).map((pointer) => this.declaration(pointer));
    const names = new Set(locals.map((local) => local.name));
    return names.size === locals.length && locals.every((local) => local.atomic && !local.valued) ? locals : null;
  }

  /** @param {Pointer} pointer  borrowed LocalDecl */
  declaration(pointer) {
    const known = this.declarations.get(pointer);
    if (known) return known;
    const declaration = readDeclaration(this.lean, pointer);
    this.declarations.set(this.lean.inc(pointer), declaration);
    return declaration;
  }
}

/** One goal on its way to text. */
class GoalText {
  /** @param {GoalPrinter} printer @param {TacticState} state @param {Pointer} metavariable  borrowed MetavarDecl @param {Declaration[]} locals */
  constructor(printer, state, metavariable, locals) {
    this.lean = printer.lean;
    this.printer = printer;
    this.state = state;
    this.metavariable = metavariable;
    /** Owned. @type {Pointer[]} */
    this.instantiated = [];
    const declarations = locals.map((local) => {
      if (!local.open) return local;
      const type = this.known(local.type);
      return { ...local, type, open: hasMetavariables(this.lean, type) };
    });
    /** @type {Scope} */
    this.scope = { declarations, byKey: new Map(declarations.map((declaration) => [declaration.key, declaration])) };
    /** The state in the goal's context. @type {TacticState | null} */
    this.inside = null;
  }

  /** The type with its metavariables instantiated. @param {Pointer} type  borrowed @returns {Pointer} borrowed */
  known(type) {
    const { lean } = this;
    if (!hasMetavariables(lean, type)) return type;
    const instance = instantiate(lean, metavariablesOf(lean, this.state), lean.inc(type));
    this.instantiated.push(instance);
    return instance;
  }

  text() {
    const { lean, metavariable } = this;
    try {
      const lines = [];
      const tag = lean.field(metavariable, METAVAR_DECL.userName);
      if (!(tag & 1)) lines.push(`case ${shownName(lean, tag)}`);
      /** @type {{names: string[], type: Pointer} | null} */
      let group = null;
      for (const { hidden, shown, type } of this.scope.declarations) {
        if (hidden) continue;
        if (group === null || !(group.type === type || sameExpression(lean, group.type, type))) {
          if (group) lines.push(this.line(`${group.names.join(' ')} :`, group.type));
          group = { names: [], type };
        }
        group.names.push(shown);
        group.type = type;
      }
      if (group) lines.push(this.line(`${group.names.join(' ')} :`, group.type));
      lines.push(this.line(TURNSTILE, this.known(lean.field(metavariable, METAVAR_DECL.type))));
      return lines.join('\n');
    } finally {
      if (lean.stackIsRewound()) {
        for (const type of this.instantiated) lean.dec(type);
        if (this.inside) release(lean, this.inside);
      }
    }
  }

  /**
   * One line of the goal; more than one where it is too long.
   * @param {string} before @param {Pointer} expression  borrowed
   */
  line(before, expression) {
    const { lean, printer: { cache, interrupted }, scope } = this;
    // `have` wraps the target once more each time.
    while (lean.tag(expression) === TAG.mdata && isUnseenAnnotation(lean, expression)) expression = lean.field(expression, 1);
    const open = hasMetavariables(lean, expression);
    const found = open ? null : cache.find(expression, scope);
    const known = found && (onOneLine(before, found.flat) ?? found.lines.get(before));
    if (known) return known;

    const composed = open || found ? null : flatText(lean, expression, scope);
    const easy = onOneLine(before, composed);
    if (easy !== null) {
      cache.add(expression, scope, composed);
      return easy;
    }

    this.inside ??= inContextOf(lean, this.state, this.metavariable);
    const format = expressionFormat(lean, this.inside, expression);
    let entry = found;
    if (!open && !found) {
      const text = formatText(lean, lean.inc(format));
      if (!interrupted()) entry = cache.add(expression, scope, text.includes('\n') ? null : text);
    }
    const short = entry && onOneLine(before, entry.flat);
    if (short) {
      lean.dec(format);
      return short;
    }
    const long = formatText(lean, lineFormat(lean, before, format));
    if (entry && !interrupted()) cache.addLine(entry, before, long);
    return long;
  }
}

const TURNSTILE = '⊢';

/** @param {string} before @param {string | null} flat @returns {string | null} null where it does not fit */
function onOneLine(before, flat) {
  if (flat === null) return null;
  const line = `${before} ${flat}`;
  return line.length <= WIDTH || [...line].length <= WIDTH ? line : null;
}

/**
 * As ppGoal lays it out: `group (before ++ nest (line ++ type))` for locals, `before ++ nest type` for the target.
 * @param {Lean} lean @param {string} before @param {Pointer} format  consumed @returns {Pointer} owned
 */
function lineFormat(lean, before, format) {
  /** @param {string} text */
  const text = (text) => lean.makeCtor(FORMAT.text, [lean.makeString(text)]);
  /** @param {Pointer} left @param {Pointer} right */
  const append = (left, right) => lean.makeCtor(FORMAT.append, [left, right]);
  /** @param {Pointer} inner */
  const nest = (inner) => lean.makeCtor(FORMAT.nest, [lean.box(INDENT), inner]);
  if (before === TURNSTILE) return append(text(`${before} `), nest(format));
  return lean.makeCtor(FORMAT.group, [append(text(before), nest(append(lean.box(FORMAT.line), format)))], 1);
}

module.exports = { GoalPrinter, printGoalsAnew, printExpression };
