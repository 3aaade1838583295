'use strict';
/** Reading Lean's hash maps and persistent arrays in memory. */

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */

/**
 * Std.HashMap {size, buckets : Array AssocList}; AssocList.cons key value tail. Borrowed pairs, in no order.
 * @param {Lean} lean @param {Pointer} map  borrowed
 * @returns {Generator<[Pointer, Pointer]>}
 */
function* hashMapEntries(lean, map) {
  for (const bucket of lean.arrayItems(lean.field(map, 1))) {
    for (let cell = bucket; !(cell & 1); cell = lean.field(cell, 2)) yield [lean.field(cell, 0), lean.field(cell, 1)];
  }
}

/**
 * Lean.PersistentHashMap (a set is a map to units). Node.entries (Array Entry) has tag 0, Node.collision keys values tag 1;
 * Entry.entry key value has tag 0, Entry.ref node tag 1, Entry.null is boxed. Borrowed pairs, in no order.
 * @param {Lean} lean @param {Pointer} node  borrowed
 * @returns {Generator<[Pointer, Pointer]>}
 */
function* persistentMapEntries(lean, node) {
  const items = lean.arrayItems(lean.field(node, 0));
  if (lean.tag(node) === 1) {
    const values = lean.arrayItems(lean.field(node, 1));
    for (const [i, key] of items.entries()) yield [key, values[i]];
    return;
  }
  for (const entry of items) {
    if (entry & 1) continue;
    if (lean.tag(entry) === 0) yield [lean.field(entry, 0), lean.field(entry, 1)];
    else yield* persistentMapEntries(lean, lean.field(entry, 0));
  }
}

/**
 * Lean.PersistentArray {root, tail, size, tailOff | shift}; Node.node children has tag 0, Node.leaf items tag 1. Borrowed, in order.
 * @param {Lean} lean @param {Pointer} array  borrowed
 * @returns {Generator<Pointer>}
 */
function* persistentArrayItems(lean, array) {
  yield* leafItems(lean, lean.field(array, 0));
  yield* lean.arrayItems(lean.field(array, 1));
}

/** @param {Lean} lean @param {Pointer} node @returns {Generator<Pointer>} */
function* leafItems(lean, node) {
  const items = lean.arrayItems(lean.field(node, 0));
  if (lean.tag(node) === 1) yield* items;
  else for (const child of items) yield* leafItems(lean, child);
}

module.exports = { hashMapEntries, persistentMapEntries, persistentArrayItems };
