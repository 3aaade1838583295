'use strict';
/**
 * Starts Lean in this process: from a memory snapshot (0.5 s, no host folder in sight) or cold (1.3 s, with the library
 * folder mounted). One Lean a process: the glue keeps global state.
 *
 *     const { boot } = require('./runtime/boot.js');
 *     const lean = await boot({ root: '/path/to/installation' });
 */
const fs = require('fs');
const path = require('path');
const { loadSymbols } = require('./symbols.js');
const { loadModule } = require('./code_cache.js');
const { installInvokes } = require('./invoke.js');
const { createObjects } = require('./objects.js');
const { createScheduler } = require('./scheduler.js');
const { createEnvironments, LEAN_PREFIX } = require('./environments.js');
const { mountLibrary, stubLibrary } = require('./file_system.js');
const { readSnapshot, restoreGlobals } = require('./memory_snapshot.js');

/** File names in an installation. */
const FILES = {
  glue: 'glue.js', wasm: 'slim.wasm', wasmFacts: 'slim.json', symbols: 'symbols.bin', snapshot: 'init.snapshot', codeCache: 'code.cache', library: 'lib',
};

/**
 * Bytes of C stack. The build's main stack has 64 KB, far too little for the elaborator. 64 MB, because JavaScript's stack
 * (node --stack-size=32000, that is 32 MB) must overflow first: it ends in a RangeError, while an overrun C stack
 * silently corrupts memory.
 */
const C_STACK_BYTES = 64 << 20;

/**
 * Two imports that Lean never calls in this build; build/rewrite_wasm.js makes the patched functions call them. (Adding
 * new imports would renumber every function of the module.)
 */
const BORROWED_IMPORTS = { waitFor: 'uv__platform_invalidate_fd', readModuleData: 'uv__io_fork' };

/**
 * @typedef {object} BootOptions
 * @property {string} root  the installation
 * @property {boolean} [snapshot]  default true; false is a cold start
 * @property {string} [imports]  header of the base environment of a cold start, default `import Init`
 * @property {boolean} [useCodeCache]  default true
 * @property {(text: string) => void} [onPrint]  what Lean prints; default: dropped
 * @property {(text: string) => void} [onPrintErr]
 * @property {(reason: any) => void} [onAbort]  the C runtime aborted; this process is done for
 */

/**
 * What boot returns: objects, environments, and
 * @typedef {object} LeanState
 * @property {number} environment  the base environment, borrowed
 * @property {[number, number]} stack  lowest and highest address of the C stack
 * @property {() => boolean} stackIsRewound  false after an exception tore through Lean: end the process
 * @property {(name: string, implementation: (...args: number[]) => number) => void} replaceFunction
 * @property {Array<[string, number]>} marks  start-up timings, ms
 * @property {boolean} codeCacheAccepted
 * @property {WebAssembly.Memory} memory  shared
 * @property {{exports: any, module: WebAssembly.Module, files: () => Array<[string, number]>}} internals  for build/
 */
/** @typedef {import('./objects.js').Objects & import('./environments.js').Environments & LeanState} Lean */

/** @returns {{marks: Array<[string, number]>, mark: (name: string) => void}} */
function stopwatch() {
  /** @type {Array<[string, number]>} */
  const marks = [];
  let last = performance.now();
  return {
    marks,
    mark(name) {
      const now = performance.now();
      marks.push([name, Math.round(now - last)]);
      last = now;
    },
  };
}

/** @param {BootOptions} options @returns {Promise<Lean>} */
function boot(options) {
  const { root, snapshot: useSnapshot = true, useCodeCache = true } = options;
  /** @param {keyof typeof FILES} which */
  const file = (which) => path.join(root, FILES[which]);
  const { marks, mark } = stopwatch();
  const lookUp = loadSymbols(file('symbols'));
  mark('symbols');
  const restored = useSnapshot ? readSnapshot(file('snapshot')) : null;
  mark('memory');

  return new Promise((resolve, reject) => {
    /** @type {{module: WebAssembly.Module, fromCache: boolean}} */
    let compiled;
    /** @type {{waitFor: (manager: number, task: number) => void, readModuleData: (names: number) => number}} */
    let host;

    /** The glue asks for an instance of the wasm module. @param {any} imports @param {(i: WebAssembly.Instance, m: WebAssembly.Module) => void} receive */
    function instantiateWasm(imports, receive) {
      mark('glue');
      compiled = loadModule(file('wasm'), file('codeCache'), useCodeCache);
      mark(compiled.fromCache ? 'code cache' : 'compile');
      const { tableSize } = JSON.parse(fs.readFileSync(file('wasmFacts'), 'utf8'));
      const table = new WebAssembly.Table({ initial: tableSize, element: 'anyfunc' });
      glueModule.functionTable = table;
      imports.env.__indirect_function_table = table;
      installInvokes(imports.env, compiled.module, table, lookUp);
      imports.env[BORROWED_IMPORTS.waitFor] = (/** @type {number} */ manager, /** @type {number} */ task) => host.waitFor(manager, task);
      imports.env[BORROWED_IMPORTS.readModuleData] = (/** @type {number} */ names) => host.readModuleData(names);
      receive(new WebAssembly.Instance(compiled.module, imports), compiled.module);
      mark('instantiate');
      return {};
    }

    function finish() {
      const objects = createObjects({
        exports: glueModule.wasmExports, memory: glueModule.memory, table: glueModule.wasmTable, lookUp,
      });
      const files = restored ? restored.snapshot.host.files : [];
      const inMemory = files.flatMap(([names]) => names.split('|'));
      const readable = restored
        ? stubLibrary(glueModule.FS, inMemory, file('library'))
        : (/** @type {string[]} */ _, /** @type {() => number} */ read) => read();
      const environments = createEnvironments(objects, files, readable);
      host = { waitFor: createScheduler(objects), readModuleData: environments.readModuleData };
      /** @type {[number, number]} */
      let stack;
      let environment;
      if (restored) {
        ({ stack, environment } = restored.snapshot.host);
      } else {
        mountLibrary(glueModule.FS, file('library'));
        stack = makeStack(objects);
        initialize(objects);
        mark('initialize');
        environment = environments.importText(options.imports || 'import Init');
      }
      mark(restored ? 'library stubs' : 'import');
      const stackPointer = objects.fn('emscripten_stack_get_current');
      const restingPointer = stackPointer();
      resolve({
        ...objects, ...environments, environment, stack, marks,
        codeCacheAccepted: compiled.fromCache,
        memory: glueModule.memory,
        stackIsRewound: () => stackPointer() === restingPointer,
        replaceFunction: functionReplacer(glueModule.wasmTable, lookUp),
        internals: { exports: glueModule.wasmExports, module: compiled.module, files: environments.loadedFiles },
      });
    }

    /** The glue's Module object: what the host gives it, and what it (patched) gives the host. @type {any} */
    const glueModule = {
      noInitialRun: true,
      print: options.onPrint || (() => {}),
      printErr: options.onPrintErr || (() => {}),
      onAbort: options.onAbort || (() => {}),
      instantiateWasm,
      // The glue calls back while it is still being evaluated; the next turn sees it complete.
      onRuntimeInitialized: () => setImmediate(() => {
        mark('C runtime');
        try {
          finish();
        } catch (error) {
          reject(error);
        }
      }),
      ...(restored && {
        wasmMemory: restored.memory,
        restoreGlobals: (/** @type {any} */ exports) => restoreGlobals(restored.snapshot, exports),
      }),
    };
    /** @type {any} */ (globalThis).__leanHost = { module: glueModule, lookUp };
    require(file('glue'));
  });
}

/** @param {import('./objects.js').Objects} objects @returns {[number, number]} */
function makeStack(objects) {
  const low = objects.fn('malloc')(C_STACK_BYTES);
  const high = low + C_STACK_BYTES;
  objects.fn('emscripten_stack_set_limits')(high, low);
  objects.fn('_emscripten_stack_restore')(high);
  return [low, high];
}

/** What Lean's main does before it elaborates. @param {import('./objects.js').Objects} objects */
function initialize(objects) {
  const { log } = console; // the build prints debug lines here, some of them through console.log
  console.log = () => {};
  try {
    objects.fn('lean_initialize')();
  } finally {
    console.log = log;
  }
  objects.fn('lean_io_mark_end_initialization')();
  objects.fn('lean_init_task_manager_using')(1);
  objects.unwrapIO(objects.fn('l_Lean_initSearchPath')(objects.makeString(LEAN_PREFIX), objects.box(0)));
  objects.fn('lean_enable_initializer_execution')();
}

/**
 * A function that puts a host function in the place of a Lean function, for all callers that go through the function
 * table (closures, and Lean's own tables of elaborators). Arguments and result are 32-bit words.
 * @param {WebAssembly.Table} table @param {import('./symbols.js').LookUp} lookUp
 */
function functionReplacer(table, lookUp) {
  /** @param {string} name @param {(...args: number[]) => number} implementation */
  return function replaceFunction(name, implementation) {
    const symbol = lookUp(name);
    if (!symbol || symbol.isData) throw new Error(`Lean has no function ${name}`);
    const arity = table.get(symbol.value).length;
    // A table entry must be a wasm function: a module that imports the host function as (i32^arity) -> i32 and re-exports it.
    const bytes = Uint8Array.from([
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
      1, 5 + arity, 1, 0x60, arity, ...Array(arity).fill(0x7f), 1, 0x7f,
      2, 7, 1, 1, 0x65, 1, 0x66, 0, 0,
      7, 5, 1, 1, 0x66, 0, 0,
    ]);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { f: implementation } });
    table.set(symbol.value, exports.f);
  };
}

module.exports = { boot, FILES, BORROWED_IMPORTS };
