// What of the world outside a syntax node takes: the clock, chance, the process, the network, the zone and
// the language of the machine.

import ts from 'typescript';

const impureMembers = new Set(['Date.now', 'Math.random', 'AbortSignal.timeout']);
/** Whatever is taken of them, however it is written. */
const impureObjects = new Set([
  ...['process', 'console', 'performance', 'crypto', 'globalThis', 'global', 'navigator'],
  ...['Atomics', 'WebSocket', 'EventSource', 'BroadcastChannel', 'MessageChannel'],
]);
const impureCalls = new Set([
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch', 'require'],
  ...['eval', 'Function'],
]);
/** They have something pure, so that their members are looked at; by another name nobody would see those. */
const mixed = new Set(['Date', 'Math', 'AbortSignal']);
/** What they answer depends on the zone, or the language, of the machine. */
const localMembers = new RegExp(
  '^(?:[gs]et(?:Hours|Minutes|Day|Date|Month|FullYear)|getTimezoneOffset|resolvedOptions' +
    '|toLocale(?:Date|Time)?String|to(?:Date|Time)String)$',
);

export function impurityOf(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node)) return ofName(node);
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText();
    const local = localMembers.test(node.name.text) && !namesItsZone(node);
    return impureMembers.has(text) || local ? text : undefined;
  }
  // `new Date(ms)` only converts; without an argument it reads the clock, with several the zone.
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date') {
    const [first, ...more] = node.arguments ?? [];
    if (first === undefined) return 'new Date()';
    return more.length > 0 || ts.isSpreadElement(first) ? node.getText() : undefined;
  }
  if (ts.isCallExpression(node) && node.expression.getText() === 'Date') return 'Date()';
  return undefined;
}

/** `at.toLocaleDateString('en-GB', { timeZone: 'UTC' })` answers the same everywhere. */
function namesItsZone(node: ts.PropertyAccessExpression): boolean {
  const { parent } = node;
  if (!ts.isCallExpression(parent) || parent.expression !== node) return false;
  const [language, how] = parent.arguments;
  return language !== undefined && how?.getText().includes('timeZone') === true;
}

function ofName(node: ts.Identifier): string | undefined {
  const { text, parent } = node;
  const known = impureObjects.has(text) || impureCalls.has(text) || mixed.has(text);
  if (!known || !isValue(node) || isGiven(node)) return undefined;
  const member = ts.isPropertyAccessExpression(parent) && parent.expression === node;
  if (!mixed.has(text)) return member ? `${text}.${parent.name.text}` : text;
  const made =
    (ts.isNewExpression(parent) || ts.isCallExpression(parent)) && parent.expression === node;
  const asked = ts.isBinaryExpression(parent) && parent.right === node;
  return member || made || asked ? undefined : parent.getText().slice(0, 40);
}

/** Neither a type, nor a member or a key of something else. */
function isValue(node: ts.Identifier): boolean {
  const { parent } = node;
  const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node;
  const isKey =
    'name' in parent && parent.name === node && !ts.isShorthandPropertyAssignment(parent);
  const isRenamed = 'propertyName' in parent && parent.propertyName === node;
  const isType = ts.isTypeNode(parent) || ts.isTypeQueryNode(parent) || ts.isQualifiedName(parent);
  return !isMember && !isKey && !isRenamed && !isType;
}

/** Whether a scope around it gives this name to something else. */
function isGiven(node: ts.Identifier): boolean {
  for (let scope: ts.Node = node.parent; ; scope = scope.parent) {
    if (givenIn(scope).some((name) => hasName(name, node.text))) return true;
    if (ts.isSourceFile(scope)) return false;
  }
}

/** The names that hold in a scope, and not around it. */
function givenIn(scope: ts.Node): readonly ts.Node[] {
  if (ts.isFunctionLike(scope)) return scope.parameters.map(({ name }) => name);
  if (ts.isCatchClause(scope)) {
    return scope.variableDeclaration === undefined ? [] : [scope.variableDeclaration.name];
  }
  if (ts.isForStatement(scope) || ts.isForOfStatement(scope) || ts.isForInStatement(scope)) {
    const { initializer } = scope;
    const declares = initializer !== undefined && ts.isVariableDeclarationList(initializer);
    return declares ? initializer.declarations.map(({ name }) => name) : [];
  }
  if (ts.isSourceFile(scope) || ts.isBlock(scope)) return scope.statements.flatMap(namesOf);
  if (ts.isCaseOrDefaultClause(scope)) return scope.statements.flatMap(namesOf);
  return [];
}

function namesOf(statement: ts.Statement): ts.Node[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name);
  }
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
    return statement.name === undefined ? [] : [statement.name];
  }
  if (!ts.isImportDeclaration(statement)) return [];
  const { name, namedBindings } = statement.importClause ?? {};
  const named = namedBindings === undefined ? [] : bindings(namedBindings);
  // What is imported from Node.js is that of the world, and the rule on imports judges it.
  return [...(name === undefined || isOfNode(statement) ? [] : [name]), ...named];
}

function isOfNode({ moduleSpecifier }: ts.ImportDeclaration): boolean {
  return ts.isStringLiteral(moduleSpecifier) && moduleSpecifier.text.startsWith('node:');
}

function bindings(named: ts.NamedImportBindings): ts.Node[] {
  return ts.isNamespaceImport(named) ? [named.name] : named.elements.map(({ name }) => name);
}

/** Of a name, or of a pattern that takes something apart. */
function hasName(name: ts.Node, text: string): boolean {
  if (ts.isIdentifier(name)) return name.text === text;
  if (!ts.isObjectBindingPattern(name) && !ts.isArrayBindingPattern(name)) return false;
  return name.elements.some((each) => ts.isBindingElement(each) && hasName(each.name, text));
}
