'use strict';
/**
 * node make_snapshot.js ROOT      starts Lean cold with `import Init` and writes ROOT/init.snapshot
 *
 * A first theorem is elaborated before, so that what Lean sets up at first use is in the snapshot.
 */
const path = require('path');
const { boot, FILES } = require('../runtime/boot.js');
const { saveSnapshot } = require('../runtime/memory_snapshot.js');
const { elaborate } = require('./warm_up.js');

async function main() {
  const root = process.argv[2];
  const lean = await boot({ root, snapshot: false, useCodeCache: false });
  const messages = elaborate(lean, 'theorem first (a b c : Nat) (h : a ≤ b) : a + c ≤ b + c := by\n  omega\n');
  if (messages.length) throw new Error('the first theorem failed: ' + JSON.stringify(messages));
  if (!lean.stackIsRewound()) throw new Error('the wasm stack is not rewound');
  const host = { environment: lean.environment, stack: lean.stack, files: lean.internals.files() };
  saveSnapshot(path.join(root, FILES.snapshot), lean.u8(), lean.internals.exports, host);
  process.exit(0); // Lean's runtime keeps handles open
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
