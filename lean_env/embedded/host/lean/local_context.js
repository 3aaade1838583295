'use strict';
/** A goal's local context, read from memory. */
const { scalarByte } = require('./objects.js');
const { persistentArrayItems } = require('./containers.js');
const { hasMetavariables, variableKey } = require('./expressions.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */

/** LocalContext {fvarIdToDecl, decls : PersistentArray (Option LocalDecl), auxDeclToFullName}. */
const DECLARATIONS = 1;

/** LocalDecl.cdecl {index, fvarId, userName, type | binderInfo, kind}, .ldecl {…, type, value | nondep, kind}. */
const DECL = { id: 1, userName: 2, type: 3 };
const DECL_SCALAR = { nondep: 0, kind: 1 };
const LDECL = 1;

/** One component, printed as it stands; other names may need quotation marks, which is Lean's business. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z_0-9']*$/;

/** In names that Lean gives to variables which cannot be written, and in none that is written without quotation marks. */
const UNUSUAL = /[✝.]/;

/** A name that Lean may have made of another one by a number. */
const NUMBERED = /^(.+)_\d+$/;

/**
 * A local declaration.
 * @typedef {object} Declaration
 * @property {string} key  of its FVarId
 * @property {string} name
 * @property {string | null} stem  the name without a number at its end
 * @property {string} shown  the name as Lean prints it
 * @property {boolean} atomic  one usual component: no macro scopes, no dot in quotation marks
 * @property {boolean} hidden  an implementation detail, which goals do not show
 * @property {boolean} valued  a `let`, shown with its value
 * @property {Pointer} type  borrowed from the declaration
 * @property {boolean} open  the type has metavariables, perhaps assigned ones
 */

/** Such a name under macro scopes, which are not shown. */
const SCOPED_NAME = /^([A-Za-z_][A-Za-z_0-9']*)\._@\.(?:(?!\._@\.).)*\._hyg(?:\.\d+)+$/;

/** The name as `format` prints it, without macro scopes. @param {Lean} lean @param {Pointer} name  borrowed @param {string} [text]  the name as read */
function shownName(lean, name, text = lean.nameToString(name)) {
  if (PLAIN_NAME.test(text)) return text;
  const scoped = SCOPED_NAME.exec(text);
  if (scoped) return scoped[1];
  const bare = lean.call('lean_erase_macro_scopes', lean.inc(name));
  return lean.takeString(lean.call('l_Lean_Name_toString', bare, lean.box(1)));
}

/** @param {Lean} lean @param {Pointer} pointer  borrowed LocalDecl @returns {Declaration} */
function readDeclaration(lean, pointer) {
  const userName = lean.field(pointer, DECL.userName);
  const type = lean.field(pointer, DECL.type);
  const name = lean.nameToString(userName);
  return {
    key: variableKey(lean, lean.field(pointer, DECL.id)),
    name,
    stem: NUMBERED.exec(name)?.[1] ?? null,
    shown: shownName(lean, userName, name),
    atomic: (userName & 1) === 0 && (lean.field(userName, 0) & 1) === 1 && !UNUSUAL.test(name),
    hidden: scalarByte(lean, pointer, DECL_SCALAR.kind) !== 0,
    valued: lean.tag(pointer) === LDECL && scalarByte(lean, pointer, DECL_SCALAR.nondep) === 0,
    type,
    open: hasMetavariables(lean, type),
  };
}

/** The LocalDecls of a context in order, borrowed. @param {Lean} lean @param {Pointer} context  borrowed LocalContext */
function declarationsOf(lean, context) {
  const present = [];
  for (const option of persistentArrayItems(lean, lean.field(context, DECLARATIONS))) {
    if (!(option & 1)) present.push(lean.field(option, 0));
  }
  return present;
}

module.exports = { readDeclaration, declarationsOf, shownName };
