'use strict';
/** What is refused by looking at a tactic's text before Lean sees it. */

/** Deeper nesting of brackets is refused: 20,000 parentheses exhaust 2 GiB in the parser, 5,000 nested applications its stack. */
const MAX_NESTING = 200;

const DEFAULT_MAX_BYTES = 4096;

const OPENING = new Set(['(', '[', '{', '⟨', '«', '‹']);
const CLOSING = new Set([')', ']', '}', '⟩', '»', '›']);

/** @param {string} text  brackets inside strings and comments count too: simpler, and no honest tactic comes near the limit */
function nestingDepth(text) {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (OPENING.has(character)) deepest = Math.max(deepest, ++depth);
    else if (CLOSING.has(character) && depth > 0) depth--;
  }
  return deepest;
}

/**
 * Why this text is refused unparsed, or null.
 * @param {string} text
 * @param {number} [maxBytes]
 */
function textObjection(text, maxBytes = DEFAULT_MAX_BYTES) {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) return `the tactic has ${bytes} bytes, more than the limit of ${maxBytes}`;
  if (nestingDepth(text) > MAX_NESTING) return `brackets are nested deeper than ${MAX_NESTING}`;
  return null;
}

module.exports = { textObjection, DEFAULT_MAX_BYTES };
