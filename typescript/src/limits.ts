/** The options' checks, by the contract. */

import { Duration, SecretValue, Stack, Token, Tokenization } from 'aws-cdk-lib';
import { allowed, fits, ROWS, shown } from './contract';

const SECURE = /\{\{resolve:(?:secretsmanager|ssm-secure):/;

/**
 * Whether a value is known, and so checked, at synthesis. The function checks the others.
 *
 * Tokens, the dummies of `valueFromLookup` in a first synthesis, and texts with a dynamic reference of
 * CloudFormation are not known. A list is always known: no option takes a token that stands for a list.
 */
export function isKnown(value: any): boolean {
  if (typeof value === 'string' && (value.startsWith('dummy-value-for-') || value.includes('{{resolve:'))) {
    return false;
  }
  return Array.isArray(value) || !Token.isUnresolved(value);
}

/** Whether a value is a list whose items all have the member. */
export function isListOf(member: string, value: any): boolean {
  return Array.isArray(value) && value.every((item) => has(member, item));
}

/** Whether a value is neither undefined nor null, which stand for the default. */
export function isGiven<T>(value: T | undefined | null): value is T {
  return value !== undefined && value !== null;
}

/** Whether a value has a member. */
export function has(member: string, value: any): boolean {
  return value?.[member] !== undefined;
}

/**
 * Return the value of an option as the template has it.
 *
 * @param name The property that it becomes.
 * @param option What its user calls it.
 */
export function checked(name: string, value: any, option: string = ROWS[name].option): any {
  const row = ROWS[name];
  if (!isGiven(value)) {
    return undefined;
  }
  for (const text of row.kind === 'map' && typeof value === 'object' ? Object.values(value) : [value]) {
    checkNoSecret(option, text);
  }
  if (!isKnown(value)) {
    return row.kind === 'text' ? Token.asString(value) : value;
  }
  if (!fits(row, value)) {
    throw new Error(`${option} must be ${allowed(row)}, received ${shown(value, row.kind)}`);
  }
  // As Python writes a time: no fraction, or one of six digits.
  return row.kind === 'time' ? value.toISOString().replace('.000Z', 'Z').replace(/(\.\d{3})Z/, '$1000Z') : value;
}

/**
 * Refuse a reference to a secure value: CloudFormation gives a custom resource the text of the reference.
 *
 * https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/341
 */
export function checkNoSecret(option: string, value: any): void {
  const tokens: any[] = typeof value === 'string' ? Tokenization.reverseString(value).tokens : [value];
  const references = tokens.filter(
    (token) => SecretValue.isSecretValue(token) || token?.constructor?.name === 'CfnDynamicReference',
  );
  const text = typeof value === 'string' ? value : '';
  const found = SECURE.exec(text + references.map((token) => JSON.stringify(new Stack().resolve(token))).join());
  if (found) {
    throw new Error(
      `${option} must hold no reference to a secure value, which CloudFormation does not resolve here, ` +
        `received ${found[0]}…}}`,
    );
  }
}

/** Return a flag that must be known at synthesis. */
export function checkedFlag(name: string, value: any): boolean {
  if (!isGiven(value) || typeof value === 'boolean') {
    return value ?? false;
  }
  throw new Error(`${name} must be true or false, known at synthesis, received ${shown(value)}`);
}

/** Return a duration in seconds, rounded. */
export function checkedSeconds(name: string, value: any, option: string): number | undefined {
  if (!isGiven(value)) {
    return undefined;
  }
  const { least = 0, most = 0 } = ROWS[name];
  let received = shown(value);
  if (has('toHumanString', value)) {
    received = value.isUnresolved() ? 'a token' : value.toHumanString();
    const seconds = received === 'a token' ? -1 : value.toMilliseconds() / 1000;
    if (seconds >= least && seconds <= most) {
      return seconds % 2 === 0.5 ? Math.floor(seconds) : Math.round(seconds); // a half as in Python
    }
  }
  const range = [least, most].map((limit) => Duration.seconds(limit).toHumanString()).join(' to ');
  throw new Error(`${option} must be a Duration of ${range}, known at synthesis, received ${received}`);
}

/**
 * Refuse a misspelt option, which JavaScript would ignore. A name that is not like an option's may be one of
 * a derived class.
 *
 * @param known The names of the options.
 */
export function checkNames(owner: string, options: object, known: readonly string[]): void {
  const plain = (name: string) => name.replaceAll('_', '').toLowerCase();
  const byPlain = new Map(known.map((name) => [plain(name), name]));
  for (const name of Object.keys(options).filter((given) => !known.includes(given))) {
    const meant = byPlain.get(closest(plain(name), [...byPlain.keys()]) ?? '');
    if (meant) {
      throw new Error(`${owner} has no option ${name}, did you mean ${meant}?`);
    }
  }
}

/** Return the text of some that is most like a text, if one is: as Python's `difflib.get_close_matches`. */
export function closest(text: string, among: readonly string[]): string | undefined {
  const likeness = (other: string) => (2 * matching(text, other)) / (text.length + other.length);
  const best = [...among].sort((a, b) => likeness(b) - likeness(a))[0];
  return best !== undefined && likeness(best) >= 0.8 ? best : undefined;
}

/** The number of characters that two texts share in the same order, by their longest common parts. */
function matching(a: string, b: string): number {
  for (let size = Math.min(a.length, b.length); size > 0; size--) {
    for (let at = 0; at + size <= a.length; at++) {
      const found = b.indexOf(a.slice(at, at + size));
      if (found >= 0) {
        const before = matching(a.slice(0, at), b.slice(0, found));
        return size + before + matching(a.slice(at + size), b.slice(found + size));
      }
    }
  }
  return 0;
}
