'use strict';
/**
 * The types that the modules of this folder share.
 *
 * @typedef {import('../runtime/boot.js').Lean} Lean  the object layer over Lean's memory
 *
 * @typedef {number} Pointer
 * The address of a Lean object, or a boxed scalar (odd). "Owned" pointers are given back with `dec` or passed to a function
 * that consumes them; "borrowed" ones belong to someone else.
 *
 * @typedef {object} TacticState
 * The four contexts, and the contents of the four state references, of Lean's TacticM. All fields are owned. Lean values
 * are immutable, so a step never changes its parent. A saved state costs about 24 KB.
 * @property {Pointer} tacticContext
 * @property {Pointer} termContext
 * @property {Pointer} metaContext
 * @property {Pointer} coreContext
 * @property {Pointer} goals  List MVarId
 * @property {Pointer} term  Term.State
 * @property {Pointer} meta  Meta.State
 * @property {Pointer} core  Core.State
 *
 * @typedef {object} LeanMessage  as `Lean.Message.serialize` writes it
 * @property {'information' | 'warning' | 'error'} severity
 * @property {string} data
 * @property {{line: number, column: number}} pos  line from 1, column from 0, in code points
 */
module.exports = {};
