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
}

export function parseSource(path: string, text: string): Source {
  const found = { imports: [], reexports: [], interfaces: [], impurities: [] };
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  visit(file, path, found);
  return { path, lineCount: text.split('\n').length - 1, ...found };
}

interface Found {
  readonly imports: Import[];
  readonly reexports: string[];
  readonly interfaces: string[];
  readonly impurities: string[];
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

const impureMembers = new Set(['Date.now', 'Math.random', 'performance.now']);
const impureObjects = new Set(['process', 'console']);
const impureCalls = new Set(['setTimeout', 'setInterval', 'setImmediate', 'fetch']);

function impurityOf(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const text = `${node.expression.text}.${node.name.text}`;
    return impureObjects.has(node.expression.text) || impureMembers.has(text) ? text : undefined;
  }
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
    return impureCalls.has(node.expression.text) ? node.expression.text : undefined;
  }
  // `new Date(ms)` only converts; without an argument it reads the clock.
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date') {
    return (node.arguments ?? []).length === 0 ? 'new Date()' : undefined;
  }
  return undefined;
}
