'use strict';
/**
 * Importing modules, and the one copy of each .olean file that all environments of a process share.
 *
 * Unpatched, every import reads its files into fresh memory that is never given back (Init: 64 MB a time). The rewritten
 * wasm asks the host instead (`readModuleData`), which reads each file once a process. With leakEnv = false an environment
 * is freed by `dec` and gives back all but the file data.
 */

/** Where Lean sees its library, in the in-memory file system. */
const LEAN_PREFIX = '/lean';
const LIBRARY = LEAN_PREFIX + '/lib/lean';

/** Address of the original lean_read_module_data_parts; build/rewrite_wasm.js keeps it under this name. */
const ORIGINAL_READ = 'host_original_read_module_data_parts';

/** @typedef {ReturnType<typeof createEnvironments>} Environments */
/**
 * A message as Lean's JSON has it; there are more fields.
 * @typedef {{severity: 'information' | 'warning' | 'error', data: string, pos: {line: number, column: number}}} LeanMessage
 */

/**
 * @param {import('./objects.js').Objects} lean
 * @param {Array<[string, number]>} loaded  files already in memory (from a snapshot): names joined by '|', IO result
 * @param {(names: string[], read: () => number) => number} readable  runs `read` while Lean can read these files
 */
function createEnvironments(lean, loaded, readable) {
  const files = new Map(loaded);

  /** lean_read_module_data_parts. @param {number} names  borrowed array of strings @returns {number} owned IO result */
  function readModuleData(names) {
    const paths = lean.arrayItems(names).map(lean.readString);
    const key = paths.join('|');
    const known = files.get(key);
    if (known !== undefined) return lean.inc(known);
    const result = readable(paths, () => lean.fn(ORIGINAL_READ)(names));
    if (lean.tag(result) !== 0) return result;
    files.set(key, result);
    return lean.inc(result);
  }

  /**
   * Imports what the header of `source` says. Throws an Error with Lean's message when a module is missing.
   * @param {string} source  like 'import Init'; a header without `prelude` gets `Init` added
   * @returns {number} owned Environment
   */
  function importText(source) {
    const header = lean.unwrapIO(lean.fn('l_Lean_Elab_parseImports')(lean.makeString(source + '\n'), lean.box(0)));
    const imports = lean.inc(lean.field(header, 0));
    lean.dec(header);
    const trustLevel = 0, leakEnvironment = 0, loadExtensions = 1, exportedLevel = 0;
    const noArtifacts = lean.box(1); // the empty map
    return lean.unwrapIO(lean.fn('l_Lean_importModules')(
      imports, lean.emptyOptions(), trustLevel, lean.makeArray([]), leakEnvironment, loadExtensions, exportedLevel, noArtifacts,
    ));
  }

  /** An environment with exactly these imports. @param {string[]} names  module names @returns {number} owned Environment */
  function importModules(names) {
    return importText('prelude\n' + names.map((name) => `import ${name}\n`).join(''));
  }

  /** The messages of a MessageLog. @param {number} log  owned @returns {LeanMessage[]} */
  function messages(log) {
    const array = lean.call('l_Lean_MessageLog_toArray', log);
    const texts = lean.arrayItems(array).map((message) => {
      const serial = lean.call('l_Lean_Message_serialize', lean.inc(message));
      return lean.takeString(lean.call('l_Lean_Json_compress', lean.call('l_Lean_instToJsonSerialMessage_toJson', serial)));
    });
    lean.dec(array);
    return texts.map((text) => JSON.parse(text));
  }

  /** Files in memory, for a snapshot. */
  function loadedFiles() {
    return [...files];
  }

  return { importText, importModules, messages, readModuleData, loadedFiles };
}

module.exports = { createEnvironments, LEAN_PREFIX, LIBRARY, ORIGINAL_READ };
