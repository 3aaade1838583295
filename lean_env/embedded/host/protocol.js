'use strict';
/**
 * Frames between the worker and its parent: a 4-byte big-endian byte length, then that many bytes of UTF-8 JSON. Requests
 * come on descriptor 3, replies go to 4; Lean's own output never does.
 */
const fs = require('node:fs');

const REQUESTS = 3;
const REPLIES = 4;
const LENGTH_BYTES = 4;

/** Where the parent gave us non-blocking descriptors. */
const RETRY_MS = 1;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** @param {() => number} operation @returns {number} */
function blocking(operation) {
  for (;;) {
    try {
      return operation();
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, RETRY_MS);
    }
  }
}

/** @param {number} size @returns {Buffer | null} null at the end of input */
function readExactly(size) {
  const buffer = Buffer.alloc(size);
  for (let filled = 0; filled < size;) {
    const count = blocking(() => fs.readSync(REQUESTS, buffer, filled, size - filled, null));
    if (count === 0) return null;
    filled += count;
  }
  return buffer;
}

/** The next request, or null when the parent has gone. Throws SyntaxError when a frame is no JSON. @returns {any} */
function readFrame() {
  const length = readExactly(LENGTH_BYTES);
  const body = length && readExactly(length.readUInt32BE());
  return body && JSON.parse(body.toString('utf8'));
}

/** @param {object} message */
function writeFrame(message) {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  const frame = Buffer.alloc(LENGTH_BYTES + body.length);
  frame.writeUInt32BE(body.length);
  body.copy(frame, LENGTH_BYTES);
  for (let sent = 0; sent < frame.length;) sent += blocking(() => fs.writeSync(REPLIES, frame, sent));
}

module.exports = { readFrame, writeFrame };
