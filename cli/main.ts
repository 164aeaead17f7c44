#!/usr/bin/env node
// lull: bounds the heap of what stays on a machine, and loads the command line.

import { setFlagsFromString } from 'node:v8';
import { staysSmall } from './small-heap.js';

// Before the code is loaded: that alone makes the young generation grow, and it never shrinks for long.
if (staysSmall(process.argv.slice(2), process.env)) {
  setFlagsFromString('--semi-space-growth-factor=1');
}
await import('./program.js');
