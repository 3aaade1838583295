'use strict';
/**
 * What may stand in a header, decided on the parsed syntax of each command before Lean elaborates it.
 *
 * Lists of what is allowed: a kind of syntax that is not here is refused, whatever Lean makes of it. A text has many
 * spellings of the same thing (a pattern over text once let `@[extern]` through), the parser's tree has one. Not here are:
 * axioms; what runs code while the text is elaborated (`#eval`, macros and elaborators, `initialize`, `native_decide`,
 * antiquotations, by which a notation would be a macro); what the compiled code of a definition could differ by (`unsafe`,
 * `partial`, `extern`, `implemented_by`, `csimp`); what switches checks off (options that are not listed).
 */
const { syntaxKind, syntaxArguments } = require('./frontend.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */

/** @param {string} text */
const words = (text) => text.trim().split(/\s+/);

const COMMANDS = words(`
  declaration declModifiers declId declSig optDeclSig declValSimple declValEqns declBody whereStructInst whereStructField
  definition abbrev theorem instance example inductive classInductive ctor
  structure structureTk classTk extends structParent structFields structCtor structSimpleBinder structExplicitBinder
  structImplicitBinder structInstBinder optDeriving deriving derivingClasses derivingClass
  docComment plainDocComment commentBody moduleDoc private protected public noncomputable nonrec visibility namedPrio
  namespace section sectionHeader end open openSimple openOnly openScoped openHiding openRenaming openRenamingItem export
  variable include omit universe set_option in mutual attribute eraseAttr
  notation mixfix infix infixl infixr prefix postfix identPrec grindPattern eoi
`).map((kind) => `Lean.Parser.Command.${kind}`);

const TERMS = words(`
  anonymousCtor app arrow assert attrInstance attrKind attributes basicFun binderDefault binderTactic binop binop_lazy binrel
  binrel_no_prop borrowed byTactic byTactic' cdot clear declName defaultOrOfNonempty depArrow do doAssert doBreak doCatch
  doCatchMatch doContinue doExpr doFinally doFor doForDecl doHave doIdDecl doIf doIfLet doIfLetBind doIfLetPure doIfProp doLet
  doLetArrow doLetElse doLetRec doMatch doNested doPatDecl doReassign doReassignArrow doReturn doSeqBracketed doSeqIndent
  doSeqItem doTry doUnless dotIdent ellipsis ensureExpectedType ensureTypeOf explicit explicitBinder explicitUniv falseVal
  forInMacro forInMacro' forall fromTerm fun generalizingParam have haveI hole hygienicLParen implicitBinder inaccessible
  instBinder leftact let letConfig letDecl letEqnsDecl letI letId letIdDecl letNegOpt letOptEq letOptGeneralize letOptNondep
  letOptPostponeValue letOptUsedOnly letOptZeta letOpts letPatDecl letPosOpt letRecDecl letRecDecls let_delayed let_fun let_tmp
  letrec liftMethod local match matchAlt matchAlts matchAltsWhereDecls matchDiscr motive namedArgument namedPattern
  noErrorIfUnused noImplicitLambda nofun noindex nomatch omission open optEllipsis paren pipeProj proj prop rightact scoped
  set_option show sorry sort strictImplicitBinder structInst structInstArrayRef structInstField structInstFieldDef
  structInstFieldEqns structInstFields structInstLVal subst suffices sufficesDecl syntheticHole termFor termReturn termTry
  termUnless trueVal tuple type typeAscription typeOf typeSpec unop unreachable panic waitIfContainsMVar waitIfTypeContainsMVar
  waitIfTypeMVar whereDecls whereFinally whereFinallySubsection
`).map((kind) => `Lean.Parser.Term.${kind}`);

const TERMINATION = words('decreasingBy suffix terminationBy terminationBy? coinductiveFixpoint inductiveFixpoint partialFixpoint')
  .map((kind) => `Lean.Parser.Termination.${kind}`);
const LEVELS = words('addLit hole imax max paren').map((kind) => `Lean.Parser.Level.${kind}`);

const TACTICS = words(`
  acNf0 acRfl allGoals anchor anyGoals apply apply? applyAssumption applyRfl applyRules as_aux_lemma assumption case case' caseArg
  cases change changeWith classical clear clearValue clearValueArg clearValueHyp clearValueStar configItem congr constructor
  contradiction cutsat decide delta discharger done dsimp dsimpArgs dsimpAutoUnfold dsimpKind dsimpTrace dsimpTraceArgsRest
  elimTarget eqRefl exact exact? exposeNames extractLets fail failIfSuccess falseOrByContra first focus funCases funInduction
  generalize generalizeArg grind grindErase grindLemma grindLemmaMin grindParam grindTrace grobner guardExpr guardHyp guardTarget
  induction inductionAlt inductionAltLHS inductionAlts injection injections intro introMatch intros left letToHave letrec lia
  liftLets location locationHyp locationType locationWildcard match negConfigItem normCast0 normCastAddElim obtain omega open
  optConfig paren posConfigItem pushCast rcases rcasesPat.clear rcasesPat.explicit rcasesPat.ignore rcasesPat.one rcasesPat.paren
  rcasesPat.tuple rcasesPatLo rcasesPatMed refine refine' rename renameI repeat' repeat1' replace revert rewriteSeq right rintro
  rintroPat.binder rintroPat.one rotateLeft rotateRight rwRule rwRuleSeq rwSeq seq1 set_option show showTerm simp simpAll
  simpAllArith simpAllArithBang simpAllAutoUnfold simpAllKind simpAllTrace simpAllTraceArgsRest simpArgs simpArith simpArithBang
  simpAutoUnfold simpErase simpLemma simpPost simpPre simpStar simpTrace simpTraceArgsRest simpa simpaArgsRest skip solveByElim
  specialize split subst substEqs substVars symm symmSaturate tacDepIfThenElse tacIfThenElse tacticAc_nf_ tacticAdmit
  tacticAnd_intros tacticApply_mod_cast_ tacticAssumption_mod_cast_ tacticBv_omega tacticDsimp?!_ tacticErw___ tacticExact_mod_cast_
  tacticExfalso tacticExists_,, tacticHave' tacticHaveI__ tacticHave__ tacticInfer_instance tacticIterate____ tacticLet'__
  tacticLetI__ tacticLet__ tacticNext_=>_ tacticNofun tacticNomatch_,, tacticNorm_cast__ tacticRefine_lift'_ tacticRefine_lift_
  tacticRepeat_ tacticRfl tacticRfl' tacticRw_mod_cast___ tacticRwa__ tacticSeq tacticSeq1Indented tacticSeqBracketed
  tacticSimp?!_ tacticSimp_all?!_ tacticSimpa!_ tacticSimpa?!_ tacticSimpa?_ tacticSorry tacticStop_ tacticSuffices_ tacticTrivial
  tacticTry_ tacticUnhygienic_ tactic_<;>_ traceMessage traceState unfold valConfigItem withAnnotateState withReducible
  withReducibleAndInstances withUnfoldingAll
`).map((kind) => `Lean.Parser.Tactic.${kind}`);

const ATTRIBUTE_KINDS = words(`
  class default_instance ext extFlat extIff grind grindBwd grindCases grindCasesEager grindDef grindEq grindEqBoth grindEqBwd
  grindEqRhs grindExt grindFwd grindGen grindInj grindIntro grindLR grindMod grindRL grindSym grindUnfold grindUsr instance
  normCastLabel norm_cast recursor simp simple specialize wf_preprocess
`).map((kind) => `Lean.Parser.Attr.${kind}`);

const OTHERS = words(`
  null choice group ident num str char scientific name fieldIdx hygieneInfo hexnum interpolatedStrKind interpolatedStrLitKind
  patternIgnore rawNatLit boolIfThenElse precArg precLead precMax precMin precMin1 prec(_) prio(_) prioDefault prioHigh prioLow
  prioMid Lean.Parser.precedence Lean.Parser.Syntax.addPrec Lean.Parser.Syntax.subPrec Lean.Parser.Syntax.addPrio
  Lean.Parser.Syntax.subPrio Lean.Attr.coe Lean.deprecated Lean.binderIdent Lean.bracketedExplicitBinders Lean.explicitBinders
  Lean.unbracketedExplicitBinders Lean.calc Lean.calcFirstStep Lean.calcStep Lean.calcSteps Lean.calcTactic Lean.cdot
  Lean.cdotTk Lean.solveTactic Lean.term_Matches_| Lean.term∀__,_ Lean.term∃__,_ Lean.termSatisfies_binder_pred%__
  Lean.Elab.Tactic.Ext.applyExtTheorem Lean.Elab.Tactic.Ext.ext Lean.Elab.Tactic.Ext.tacticExt1___ Lean.Order.monotonicity
  Lean.Order.term_⊑_ Lean.Order.term⊥ Lean.Parser.commandSeal__ Lean.Parser.commandUnseal__ Array.tacticArray_get_dec
  Array.tacticArray_mem_dec List.tacticSizeOf_list_dec tacticBy_cases_:_ tacticClean_wf tacticDecreasing_tactic
  tacticDecreasing_trivial tacticDecreasing_trivial_pre_omega tacticDecreasing_with_ tacticFunext___ tacticGet_elem_tactic
  tacticGet_elem_tactic_extensible tacticGet_elem_tactic_trivial tacticSimp_wf tactic∎ lemma
`);

const KINDS = new Set([...COMMANDS, ...TERMS, ...TERMINATION, ...LEVELS, ...TACTICS, ...ATTRIBUTE_KINDS, ...OTHERS]);

/** Lean's own notations, the header's, and the kinds of single tokens. None begins with `Lean.`: its parsers are listed above. */
const NOTATION_KIND = /^(?!Lean\.)(.*\.)?«?term(?!.*antiquot)/u;
const TOKEN_KIND = /^token\.(?!.*antiquot)/;
/** `conv` blocks and the arguments of `solve_by_elim` and `<pred>` binders consist of steps of their own. */
const STEP_KIND = /^Lean\.(Parser\.Tactic\.(Conv|SolveByElim)\.|binderPred)(?!.*(antiquot|quot$))/u;

/** Attributes that are plain names. */
const ATTRIBUTES = new Set(words(`
  simp reducible irreducible semireducible instance_reducible inline specialize nospecialize always_inline noinline macro_inline
  match_pattern instance ext grind refl symm trans congr elab_as_elim elab_without_expected_type induction_eliminator
  cases_eliminator class deprecated inherit_doc expose no_expose default_instance coe norm_cast push_cast norm_cast_add_elim
  recursor nolint reassoc unused_variables_ignore simp_nf gcongr aesop mono partial_fixpoint_monotone grind_eq seval
`));

/** Kinds whose second child names an option. */
const SETS_OPTION = new Set(['Command', 'Term', 'Tactic'].map((place) => `Lean.Parser.${place}.set_option`));
const OPTIONS = new RegExp(
  '^(' + [
    'autoImplicit', 'relaxedAutoImplicit', 'maxHeartbeats', 'maxRecDepth', 'synthInstance\\.max(Heartbeats|Size)', 'linter\\.[\\w.]+', 'pp\\.[\\w.]+',
    'warningAsError', 'quotPrecheck', 'genSizeOf\\w*', 'structureDiamondWarning', 'tactic\\.hygienic', 'tactic\\.simp\\.trace', 'trace\\.[\\w.]+',
    'profiler', 'backward\\.[\\w.]+', 'smartUnfolding',
  ].join('|') + ')$',
);
/** Deeper recursion overruns the stack and ends the worker. */
const MAX_REC_DEPTH = 10_000;

/** Commands that say something and declare nothing. They are passed over, not elaborated. */
const SAYS_ONLY = new Set([
  ...words('check check_failure print printAxioms printSig printEqns synth version where').map((kind) => `Lean.Parser.Command.${kind}`), 'Lean.reduceCmd',
]);

/** Commands that make syntax by generated macros: their code runs when the text goes on. */
const MAKES_SYNTAX = new Set(['Lean.Parser.Command.notation', 'Lean.Parser.Command.mixfix']);

/** @param {Lean} lean @param {Pointer} syntax  borrowed; text of an identifier or a token, '' for anything else */
function leafText(lean, syntax) {
  if (syntax & 1) return ''; // Syntax.missing
  const tag = lean.tag(syntax); // node 1, atom info val 2, ident info rawVal val preresolved 3
  if (tag === 2) return lean.readString(lean.field(syntax, 1));
  return tag === 3 ? lean.nameToString(lean.field(syntax, 2)) : '';
}

/** The first leaf's text below a node. @param {Lean} lean @param {Pointer} syntax  borrowed @returns {string} */
function firstLeaf(lean, syntax) {
  let text = leafText(lean, syntax);
  for (const child of syntaxArguments(lean, syntax)) {
    if (text !== '') break;
    text = firstLeaf(lean, child);
  }
  return text;
}

/** @param {string} kind */
function isAllowed(kind) {
  return KINDS.has(kind) || NOTATION_KIND.test(kind) || TOKEN_KIND.test(kind) || STEP_KIND.test(kind);
}

/**
 * Why a command may not stand in a header, or null.
 * @param {Lean} lean @param {Pointer} command  borrowed
 * @returns {string | null}
 */
function objectionTo(lean, command) {
  const pending = [command];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const kind = syntaxKind(lean, node);
    if (kind === '') continue;
    const children = syntaxArguments(lean, node);
    const objection = nodeObjection(lean, kind, node, children);
    if (objection !== null) return objection;
    pending.push(...children);
  }
  return null;
}

/** @param {Lean} lean @param {string} kind @param {Pointer} node @param {Pointer[]} children @returns {string | null} */
function nodeObjection(lean, kind, node, children) {
  if (!isAllowed(kind)) {
    const word = firstLeaf(lean, node);
    return `\`${word || kind}\`${word === kind ? '' : ` (${kind})`}`;
  }
  if (SETS_OPTION.has(kind)) {
    const [name, value] = [firstLeaf(lean, children[1]), children.slice(2).map((child) => firstLeaf(lean, child)).find((text) => text !== '')];
    if (!OPTIONS.test(name) || name.startsWith('debug.')) return `\`set_option ${name}\``;
    if (name === 'maxRecDepth' && !(Number(value) <= MAX_REC_DEPTH)) return `\`set_option ${name} ${value}\`: at most ${MAX_REC_DEPTH}`;
  }
  if (kind === 'Lean.Parser.Attr.simple') {
    const name = firstLeaf(lean, children[0]);
    if (!ATTRIBUTES.has(name)) return `the attribute \`${name}\``;
  }
  return null;
}

/** Whether a command declares nothing and need not be elaborated. @param {Lean} lean @param {Pointer} command  borrowed */
function saysOnly(lean, command) {
  return SAYS_ONLY.has(syntaxKind(lean, command));
}

/** Whether a command, whose own tree is allowed, generates macros. @param {Lean} lean @param {Pointer} command  borrowed @returns {boolean} */
function makesSyntax(lean, command) {
  const kind = syntaxKind(lean, command);
  if (MAKES_SYNTAX.has(kind)) return true;
  // `set_option … in notation …`
  return kind === 'Lean.Parser.Command.in' && syntaxArguments(lean, command).some((child) => makesSyntax(lean, child));
}

module.exports = { objectionTo, makesSyntax, saysOnly };
