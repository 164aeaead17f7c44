#!/usr/bin/env node
// lull: bounds the heap of what stays on a machine, and loads the command line.

import { keepHeapSmall, staysSmall } from './small-heap.js';

// Before the code is loaded: that alone makes the heap grow, and what then does nothing never shrinks it.
if (staysSmall(process.argv.slice(2))) keepHeapSmall();
await import('./program.js');
