// Whether a program that was asked for its version works: pure judgement of how it ended.
//
// The rule. A program that ends well works. One that ends badly, or not at all, may simply not know
// `--version`, so it is broken only when it could not even start: it was ended by a fault, its
// interpreter was not found, or Node.js could not load its code.

export interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** We ended it, because it went on for too long. */
  readonly timedOut: boolean;
  readonly stderr: string;
}

const faults = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGABRT', 'SIGFPE', 'SIGSYS'];
const loadError =
  /(?:ERR_)?MODULE_NOT_FOUND|ERR_(?:PACKAGE_PATH_NOT_EXPORTED|UNSUPPORTED_DIR_IMPORT|REQUIRE_ESM|UNKNOWN_BUILTIN_MODULE|UNKNOWN_FILE_EXTENSION|DLOPEN_FAILED|INVALID_PACKAGE_CONFIG)|^SyntaxError: /m;
/** The line in which Node.js says what it is. */
const errorLine = /^\w*Error\b.*$/m;

/** What is wrong, or undefined. */
export function problemOf(ending: Ending): string | undefined {
  if (ending.timedOut || ending.exitCode === 0) return undefined;
  if (ending.signal !== null && faults.includes(ending.signal)) return `ended by ${ending.signal}`;
  if (ending.exitCode === 126 || ending.exitCode === 127)
    return 'it, or its interpreter, was not found';
  const loaded = loadError.exec(ending.stderr);
  return loaded === null ? undefined : (errorLine.exec(ending.stderr)?.[0] ?? loaded[0]);
}
