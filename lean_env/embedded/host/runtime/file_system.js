'use strict';
/**
 * What Lean sees as files. Nothing of the host can be written from Lean, and after a snapshot restore nothing of the host
 * can be read either: `#eval IO.FS.writeFile` works on whatever is mounted.
 */
const fs = require('fs');
const path = require('path');
const { LEAN_PREFIX, LIBRARY } = require('./environments.js');

/** Modules that are read when a text first imports them; Init comes with the snapshot. Nothing else can be imported. */
const LATER_ROOT = 'Std';

const READ_ONLY_FILE_SYSTEM = 69; // EROFS in WASI's numbering, which emscripten uses
const REGULAR_FILE = 0o100644;
const WRITING = { writeOnly: 1, readWrite: 2, create: 64, truncate: 512, append: 1024 };
const ANY_WRITING = Object.values(WRITING).reduce((all, flag) => all | flag, 0);
const CHANGES_A_NODE = ['setattr', 'mknod', 'rename', 'unlink', 'rmdir', 'symlink'];

/** @param {any} FS  emscripten's file system @returns {(...args: any[]) => never} */
function refusal(FS) {
  return () => {
    throw new FS.ErrnoError(READ_ONLY_FILE_SYSTEM);
  };
}

/** Mounts the host's library folder at /lean/lib, read-only. For cold starts. @param {any} FS @param {string} library */
function mountLibrary(FS, library) {
  const { NODEFS } = FS.filesystems;
  const refuse = refusal(FS);
  for (const operation of CHANGES_A_NODE) NODEFS.node_ops[operation] = refuse;
  NODEFS.stream_ops.write = refuse;
  const { open } = NODEFS.stream_ops;
  NODEFS.stream_ops.open = (/** @type {{flags: number}} */ stream) => {
    if (stream.flags & ANY_WRITING) refuse();
    return open(stream);
  };
  FS.mkdirTree(LEAN_PREFIX + '/lib');
  FS.mount(NODEFS, { root: library }, LEAN_PREFIX + '/lib');
}

/**
 * Puts empty files where Lean tests that a module's .olean exists before it asks for its data, then makes the in-memory
 * file system read-only, so that no text can plant a module of its own.
 *
 * The data of `inMemory` came with the snapshot. A module of `LATER_ROOT` has its bytes in its stub only while Lean reads
 * them: `readable` puts them there, so that a text finds an empty file.
 * @param {any} FS @param {string[]} inMemory  paths as Lean sees them @param {string} library  the host's lib folder
 */
function stubLibrary(FS, inMemory, library) {
  const later = laterFiles(library);
  const paths = [...inMemory, ...later.keys()];
  for (const folder of new Set(paths.map((path) => path.slice(0, path.lastIndexOf('/'))))) FS.mkdirTree(folder);
  for (const path of paths) FS.mknod(path, REGULAR_FILE, 0);
  const refuse = refusal(FS);
  const operations = FS.filesystems.MEMFS.ops_table;
  for (const operation of CHANGES_A_NODE) {
    operations.dir.node[operation] = refuse;
    operations.file.node[operation] = refuse;
  }
  operations.file.stream.write = refuse;

  /** @template T @param {string[]} wanted  paths as Lean sees them @param {() => T} read @returns {T} */
  return function readable(wanted, read) {
    const filled = wanted.filter((name) => later.has(name)).map((name) => (
      { node: FS.lookupPath(name).node, bytes: fs.readFileSync(/** @type {string} */ (later.get(name))) }
    ));
    for (const { node, bytes } of filled) Object.assign(node, { contents: bytes, usedBytes: bytes.length });
    try {
      return read();
    } finally {
      for (const { node } of filled) Object.assign(node, { contents: null, usedBytes: 0 });
    }
  };
}

/** @param {string} library  the host's lib folder @returns {Map<string, string>}  path as Lean sees it to the host's */
function laterFiles(library) {
  const folder = path.join(library, 'lean');
  const below = fs.readdirSync(path.join(folder, LATER_ROOT), { recursive: true, encoding: 'utf8' });
  const names = [`${LATER_ROOT}.olean`, ...below.map((name) => path.join(LATER_ROOT, name))];
  return new Map(names.filter((name) => name.endsWith('.olean')).map((name) => (
    [`${LIBRARY}/${name.split(path.sep).join('/')}`, path.join(folder, name)]
  )));
}

module.exports = { mountLibrary, stubLibrary };
