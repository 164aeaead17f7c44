// What the rules know of a source file: found by reading its syntax, without building a program.

import { posix } from 'node:path';
import ts from 'typescript';

export interface Import {
  /** A path inside the repository ("conditions/gate.ts"), or a module's name ("zod", "node:fs"). */
  readonly target: string;
  readonly inside: boolean;
  readonly names: readonly string[];
  /** Gone from what is built. */
  readonly typesOnly: boolean;
  /** Loaded when it is needed, and not with the file. */
  readonly later: boolean;
}

export interface Source {
  readonly path: string;
  readonly lineCount: number;
  readonly imports: readonly Import[];
  readonly reexports: readonly string[];
  readonly interfaces: readonly string[];
  /** What it does that a pure file may not: "Date.now", "process.env", "setTimeout". */
  readonly impurities: readonly string[];
  /** What names and texts are made of, in lower case: "untilVetoEnds" speaks of "until", "veto", "ends". */
  readonly words: ReadonlySet<string>;
}

export function parseSource(path: string, text: string): Source {
  const found = {
    ...{ imports: [], reexports: [], interfaces: [], impurities: [] },
    words: new Set<string>(),
  };
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  visit(file, path, found);
  return { path, lineCount: text.split('\n').length - 1, ...found };
}

interface Found {
  readonly imports: Import[];
  readonly reexports: string[];
  readonly interfaces: string[];
  readonly impurities: string[];
  readonly words: Set<string>;
}

function visit(node: ts.Node, path: string, found: Found): void {
  if (ts.isImportDeclaration(node)) {
    const typesOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
    const names = boundNames(node);
    found.imports.push({ ...importOf(path, node.moduleSpecifier), names, typesOnly });
  } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    found.reexports.push(textOf(node.moduleSpecifier));
    found.imports.push(importOf(path, node.moduleSpecifier));
  } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [specifier] = node.arguments;
    if (specifier !== undefined) found.imports.push({ ...importOf(path, specifier), later: true });
  } else if (ts.isInterfaceDeclaration(node)) {
    found.interfaces.push(node.name.text);
  }
  // `new URL('./x.js', import.meta.url)`: how a worker thread or a child's program is named.
  if (ts.isNewExpression(node) && node.expression.getText() === 'URL') {
    const [specifier] = node.arguments ?? [];
    if (specifier !== undefined && /^\.{1,2}\/.*\.js$/.test(textOf(specifier))) {
      found.imports.push({ ...importOf(path, specifier), later: true });
    }
  }
  if (ts.isIdentifier(node) || ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node)) {
    for (const [word] of node.text.matchAll(/[A-Z]?[a-z]+/g)) found.words.add(word.toLowerCase());
  }
  const impurity = impurityOf(node);
  if (impurity !== undefined) found.impurities.push(impurity);
  ts.forEachChild(node, (child) => {
    visit(child, path, found);
  });
}

function importOf(path: string, specifier: ts.Node): Import {
  const text = textOf(specifier);
  const inside = text.startsWith('.');
  const target = inside ? posix.join(posix.dirname(path), text).replace(/\.js$/, '.ts') : text;
  return { target, inside, names: [], typesOnly: false, later: false };
}

function textOf(node: ts.Node): string {
  return ts.isStringLiteralLike(node) ? node.text : node.getText();
}

function boundNames(node: ts.ImportDeclaration): string[] {
  const bindings = node.importClause?.namedBindings;
  if (bindings === undefined) return [];
  if (ts.isNamespaceImport(bindings)) return ['*'];
  return bindings.elements.map((element) => (element.propertyName ?? element.name).text);
}

const impureMembers = new Set(['Date.now', 'Math.random', 'AbortSignal.timeout']);
/** Whatever is taken of them, however it is written. */
const impureObjects = new Set([
  ...['process', 'console', 'performance', 'crypto', 'globalThis', 'global', 'navigator'],
  ...['Atomics', 'WebSocket', 'EventSource', 'BroadcastChannel', 'MessageChannel'],
]);
const impureCalls = new Set([
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch', 'require'],
]);
/** What they answer depends on the zone, or the language, of the machine. */
const localMembers = new RegExp(
  `^(?:[gs]et(?:Hours|Minutes|Day|Date|Month|FullYear)|getTimezoneOffset|resolvedOptions)$`,
);

function impurityOf(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node) && isOfTheWorld(node)) return wordsOf(node);
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText();
    return impureMembers.has(text) || localMembers.test(node.name.text) ? text : undefined;
  }
  // `new Date(ms)` only converts; without an argument it reads the clock.
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date') {
    return (node.arguments ?? []).length === 0 ? 'new Date()' : undefined;
  }
  if (ts.isCallExpression(node) && node.expression.getText() === 'Date') return 'Date()';
  return undefined;
}

/** Whether this names something that every file has, and is no name that this one gave. */
function isOfTheWorld(node: ts.Identifier): boolean {
  if (!impureObjects.has(node.text) && !impureCalls.has(node.text)) return false;
  const { parent } = node;
  const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node;
  const isKey = 'name' in parent && parent.name === node;
  const isRenamed = 'propertyName' in parent && parent.propertyName === node;
  return !isMember && !isKey && !isRenamed && !isGiven(node);
}

/** Whether a parameter, a constant or an import around it has this name. */
function isGiven(node: ts.Identifier): boolean {
  let given = false;
  const look = (each: ts.Node): void => {
    const binds =
      ts.isParameter(each) ||
      ts.isVariableDeclaration(each) ||
      ts.isBindingElement(each) ||
      ts.isFunctionDeclaration(each) ||
      ts.isImportSpecifier(each);
    given ||= binds && each.name?.getText() === node.text;
    ts.forEachChild(each, look);
  };
  look(node.getSourceFile());
  return given;
}

/** "process.env" where that is what stands there. */
function wordsOf(node: ts.Identifier): string {
  const { parent } = node;
  const isObject = ts.isPropertyAccessExpression(parent) && parent.expression === node;
  return isObject ? `${node.text}.${parent.name.text}` : node.text;
}
