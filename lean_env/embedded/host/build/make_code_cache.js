'use strict';
/**
 * node make_code_cache.js ROOT SECONDS OUT      works for SECONDS, then writes V8's code to the file OUT
 *
 * Must run with the flags of a worker, or workers will reject the cache (runtime/code_cache.js).
 */
const fs = require('fs');
const { boot } = require('../runtime/boot.js');
const { serializeModule } = require('../runtime/code_cache.js');
const { warmUp } = require('./warm_up.js');

/** Optimising runs on other threads; give what is under way time to finish. */
const TIER_UP_MS = 3000;

async function main() {
  const [root, seconds, out] = process.argv.slice(2);
  const lean = await boot({ root, useCodeCache: false });
  warmUp(lean, Number(seconds));
  await new Promise((resolve) => setTimeout(resolve, TIER_UP_MS));
  fs.writeFileSync(out, serializeModule(lean.internals.module));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
