// What the rules know of a source file: found by reading its syntax, without building a program.

import { posix } from 'node:path';
import ts from 'typescript';
import { impurityOf } from './impurity.js';

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
  /** Types, classes and functions that it gives a name. */
  readonly declared: readonly Declared[];
  /** What it does as soon as it is imported: the first words of each such statement. */
  readonly works: readonly string[];
  /** What it does that a pure file may not: "Date.now", "process.env", "setTimeout". */
  readonly impurities: readonly string[];
  /** What names and texts are made of, in lower case: "untilVetoEnds" speaks of "until", "veto", "ends". */
  readonly words: ReadonlySet<string>;
}

export interface Declared {
  readonly name: string;
  readonly isClass: boolean;
}

export function parseSource(path: string, text: string): Source {
  const found = {
    ...{ imports: [], reexports: [], interfaces: [], declared: [], impurities: [] },
    words: new Set<string>(),
  };
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  visit(file, path, found);
  const works = file.statements.filter(isWork).map((each) => each.getText().split('\n')[0] ?? '');
  return { path, lineCount: text.split('\n').length - 1, works, ...found };
}

interface Found {
  readonly imports: Import[];
  readonly reexports: string[];
  readonly interfaces: string[];
  readonly declared: Declared[];
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
  if (isDeclaration(node) && node.name !== undefined) {
    found.declared.push({ name: node.name.text, isClass: ts.isClassDeclaration(node) });
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

/** Whether a statement of a file acts, and does not only name something. */
function isWork(statement: ts.Statement): boolean {
  if (ts.isExpressionStatement(statement)) return !isAssignment(statement.expression);
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.some(
      ({ initializer }) => initializer !== undefined && ts.isAwaitExpression(initializer),
    );
  }
  return (
    ts.isIfStatement(statement) ||
    ts.isIterationStatement(statement, false) ||
    ts.isTryStatement(statement) ||
    ts.isThrowStatement(statement)
  );
}

function isAssignment(node: ts.Expression): boolean {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken;
}

function isDeclaration(node: ts.Node) {
  return (
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isFunctionDeclaration(node)
  );
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
