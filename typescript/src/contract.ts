/** The contract of `Custom::AmplifyJob`: its rows, which are data, and what checks by them. */

import { readFileSync } from 'fs';
import { join } from 'path';
import { inspect } from 'util';
import { Construct } from 'constructs';

/** The function's source, which is deployed. It lies at one place in the checkout and in the package. */
export const ASSET = join(__dirname, '..', '..', 'lambda');

interface Row {
  readonly option: string;
  readonly kind: 'text' | 'word' | 'flag' | 'number' | 'time' | 'map' | 'texts' | 'maps' | 'settings';
  readonly default: any;
  readonly least?: number;
  readonly most?: number;
  readonly pattern?: string;
  readonly allowed?: string;
  readonly words?: string[];
}

const DATA = read('contract.json');
// Here, a time is a Date.
const KINDS = { ...DATA.kinds, time: { ...DATA.kinds.time, allowed: 'a Date of the years 1 to 9999' } };

export const ATTRIBUTES: string[] = read('attributes.json');
export const SECONDS_TO_ANSWER: number = DATA.seconds_to_answer;
export const ROWS: { [property: string]: Row } = Object.fromEntries(
  Object.entries<any>(DATA.rows).map(([name, row]) => [
    name,
    { ...KINDS[row.kind], ...row, option: camelCase(row.option) },
  ]),
);

function read(name: string): any {
  return JSON.parse(readFileSync(join(ASSET, 'amplify_job', name), 'utf8'));
}

/** Write an option's name as JavaScript has it. */
function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
}

/** What a value may be, in words that follow "must be". */
export function allowed({ kind, words, least, most, allowed: text }: Row): string {
  if (kind === 'word') {
    return `one of ${words!.join(', ')}`;
  }
  if (kind === 'number') {
    return `a whole number from ${least} to ${most}`;
  }
  const count = least ? `${least} to ${grouped(most!)}` : `at most ${grouped(most ?? 0)}`;
  return `${text}${most === undefined ? '' : `, ${count} characters`}`;
}

/** Whether a row allows a value. Lists are not options. */
export function fits({ kind, words, least = 0, most = Infinity, pattern = '[^]*' }: Row, value: any): boolean {
  switch (kind) {
    case 'text':
      return (
        typeof value === 'string' &&
        lengthOf(value) >= least &&
        lengthOf(value) <= most &&
        new RegExp(`^(?:${pattern})$`, 'u').test(value)
      );
    case 'word':
      return words!.includes(value);
    case 'flag':
      return typeof value === 'boolean';
    case 'number':
      return Number.isInteger(value) && value >= least && value <= most;
    case 'time':
      return value instanceof Date && value.getUTCFullYear() >= 1 && value.getUTCFullYear() <= 9999;
    default:
      return isMap(value);
  }
}

/** The number of a text's characters. JavaScript counts some of them twice. */
export function lengthOf(text: string): number {
  return [...text].length;
}

/** A value that is not allowed, cut to a line; of a map only what is not allowed in it. */
export function shown(value: any, kind = ''): string {
  if (Construct.isConstruct(value)) {
    return `${value.constructor.name} '${value.node.path}'`;
  }
  const items = kind === 'map' && isObject(value) ? Object.entries(value) : [];
  const flaws = items.filter((item) => !isMap(Object.fromEntries([item])));
  const wrong = items.length > 0 ? Object.fromEntries(flaws) : value;
  const text = inspect(wrong, { depth: 1, breakLength: Infinity }).replace(/\s*\n\s*/g, ' ');
  if (lengthOf(text) <= 100) {
    return text;
  }
  const characters = typeof value === 'string' ? ` (${grouped(lengthOf(value))} characters)` : '';
  return `${[...text].slice(0, 99).join('')}…${characters}`;
}

/** A number with its thousands apart. */
export function grouped(number: number): string {
  return number.toLocaleString('en-US');
}

/** The type of the job, which files say if JobType is not given. */
export function jobTypeOf(given: { [property: string]: any }): string {
  return given.JobType ?? (given.SourceBucketNames ? 'MANUAL' : ROWS.JobType.default);
}

/**
 * Which properties do not go together, and what is allowed; empty if all do.
 *
 * @param isKnown Whether the value of a property is known. No rule looks at others.
 */
export function conflict(given: { [property: string]: any }, isKnown: (value: any) => boolean): string {
  const [jobType, jobId, sources] = [jobTypeOf(given), given.JobId, given.SourceBucketNames];
  const ofABuild = ['JobReason', 'CommitId', 'CommitMessage', 'CommitTime'].filter((name) => given[name]);
  const rules: [any[], boolean, string][] = [
    [
      [given.CommitId],
      given.CommitId !== undefined && ['HEAD', given.BranchName].includes(given.CommitId),
      `commitId must be one commit, received ${shown(given.CommitId)}: that stays the same after a push`,
    ],
    [
      [given.JobType, jobId],
      (jobType === 'RETRY') !== Boolean(jobId),
      'jobId must be given for RETRY and for no other jobType, received ' +
        `jobType=${shown(jobType)} and jobId=${shown(jobId)}`,
    ],
    [
      [given.JobType],
      (jobType === 'MANUAL') !== Boolean(sources),
      'jobType MANUAL and sources must be given together, ' +
        `received ${shown(jobType)} and ${sources?.length ?? 'no'} sources`,
    ],
    [
      [],
      sources && ofABuild.length > 0,
      'sources are deployed without a build, ' +
        `so ${ofABuild.map((name) => ROWS[name].option).join(', ')} must be left out`,
    ],
    [
      [given.Wait],
      given.SmokeTestPath && given.Wait === false,
      'smokeTest looks at the site after the job, so wait must be true',
    ],
  ];
  return rules.find(([values, broken]) => broken && values.every(isKnown))?.[2] ?? '';
}

/** Whether a value has names and items as an object in braces; a Map has none that JSON shows. */
function isObject(value: any): boolean {
  return Object.prototype.toString.call(value) === '[object Object]';
}

/** Whether a value is an object of texts, each with a name. */
export function isMap(value: any): boolean {
  return (
    isObject(value) &&
    Object.entries(value).every(([name, item]) => name !== '' && typeof item === 'string')
  );
}
