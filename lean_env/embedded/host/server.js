'use strict';
/**
 * The worker process: one Lean, one request at a time.
 *
 *     node --stack-size=32000 --permission … server.js ROOT ROLE [cold]     requests on descriptor 3, replies on 4 (protocol.js)
 *
 * `cold` starts Lean from its .olean files instead of the memory snapshot, to compare the two.
 * ROLE `elaborate` runs untrusted tactics and is never believed. ROLE `decide` runs the kernel on finished terms and never
 * parses or elaborates a text. A refusal leaves the worker as it was; any other exception ends it, because Lean's stack may be torn.
 */
const { boot } = require('./runtime/boot.js');
const { readFrame, writeFrame } = require('./protocol.js');
const { Session } = require('./session.js');
const { checkRequest } = require('./requests.js');
const { Refusal } = require('./refusal.js');
const tactics = require('./ops_tactics.js');
const library = require('./ops_library.js');
const decide = require('./ops_decide.js');

const MIB = 2 ** 20;

/** @typedef {(session: Session, request: any, partial: any[]) => object} Operation */

/** @type {Record<string, Operation>} */
const SHARED = { memory: library.memory };

/** @type {Record<import('./session.js').Role, Record<string, Operation>>} */
const OPERATIONS = {
  elaborate: {
    ...SHARED,
    check_text: library.checkText,
    print: library.print,
    list_library: library.listLibrary,
    probe: library.probeEnvironment,
    fingerprint: library.fingerprintEnvironment,
    open_library: tactics.openLibrary,
    open_text: tactics.openText,
    export_header: library.exportHeader,
    run: tactics.run,
    drop: tactics.drop,
    export_proof: tactics.exportProof,
    export_goals: tactics.exportGoals,
    print_goals: tactics.printGoals,
  },
  decide: { ...SHARED, kernel_check: decide.kernelCheck },
};

/** @param {Session} session @param {any} request @returns {{reply: object, fatal: boolean}} */
function answer(session, request) {
  const { id = null, op } = request ?? {};
  /** What a run had done before it was torn. @type {any[]} */
  const partial = [];
  try {
    const operation = Object.hasOwn(OPERATIONS[session.role], op) ? OPERATIONS[session.role][op] : null;
    if (operation === null) throw new Refusal('bad_request', `no operation ${op} for role ${session.role}`);
    checkRequest(op, request);
    const fields = operation(session, request, partial);
    session.requireHealth();
    return { reply: { id, ok: true, ...fields, ...state(session) }, fatal: false };
  } catch (error) {
    const { kind, message } = describe(session, error);
    const reply = { id, ok: false, error: { kind, message }, ...(partial.length && { results: partial }), ...state(session) };
    return { reply, fatal: kind === 'fatal' };
  }
}

/**
 * What every reply says about the worker. `ran_code`: Lean ran code that came with a text, once and for all: this worker is
 * not to be used for another theorem.
 * @param {Session} session
 */
function state({ lean, interpreter }) {
  return { wasm_mb: Math.round(lean.memoryBytes() / MIB), ...(interpreter.runs > 0 && { ran_code: true }) };
}

/** @param {Session} session @param {unknown} error @returns {{kind: string, message: string}} */
function describe(session, error) {
  if (!(error instanceof Refusal)) {
    // Also numbers (an escaped C++ exception) and the C runtime's ExitStatus, which is no Error.
    const { name = 'thrown', message = String(error) } = /** @type {Partial<Error>} */ (Object(error));
    return { kind: 'fatal', message: `${name}: ${message}` };
  }
  if (!session.lean.stackIsRewound()) return { kind: 'fatal', message: `${error.message}; Lean's stack is not rewound` };
  return { kind: error.kind, message: error.message };
}

/** Like 4.28.0-pre; Lean itself writes the commit behind a pre-release. @param {import('./lean/types.js').Lean} lean */
function versionText(lean) {
  const [whole, core] = ['l_Lean_versionString', 'l_Lean_versionStringCore'].map((symbol) => lean.readString(lean.globalValue(symbol)));
  return whole === core ? core : `${core}-pre`;
}

async function main() {
  const [root, role, start] = process.argv.slice(2);
  if (role !== 'elaborate' && role !== 'decide') throw new Error(`role is elaborate or decide, not ${role}`);
  const lean = await boot({ root, snapshot: start !== 'cold' });
  const session = new Session(lean, role);
  writeFrame({
    id: 0, ok: true, ready: true, role,
    lean: versionText(lean),
    githash: lean.readString(lean.globalValue('l_Lean_githash')),
    start_ms: Math.round(performance.now()),
  });
  for (;;) {
    const request = readFrame();
    if (request === null) process.exit(0);
    const { reply, fatal } = answer(session, request);
    writeFrame(reply);
    if (fatal) process.exit(1);
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
