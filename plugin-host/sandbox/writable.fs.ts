import { accessSync, constants } from 'node:fs';

/** Whether it is there, and we may write it. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
