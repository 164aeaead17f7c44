import { readdirSync } from 'node:fs';
import type { Platform } from './closure.js';

/** This platform in npm's words. The loader's name tells the C library; asking Node.js is slow. */
export function thisPlatform(): Platform {
  const musl = readdirSync('/lib').some((name) => name.startsWith('ld-musl-'));
  return { os: process.platform, cpu: process.arch, libc: musl ? 'musl' : 'glibc' };
}
