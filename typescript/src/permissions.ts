/** The IAM statements of the function, and how many characters they take in its role. */

import { Aws, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { lengthOf } from './contract';

/** A statement as IAM reads it. */
export type Statement = { [name: string]: any };

/**
 * All inline policies of a role together, without whitespace.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const QUOTA = 10_240;

/** https://github.com/cdklabs/cdk-nag reads it from a resource's metadata "cdk_nag": users inherit it. */
export function explained(id: string, reason: string) {
  return { rules_to_suppress: [{ id, reason }] };
}

export const WILDCARD_EXPLAINED = explained('AwsSolutions-IAM5', 'Jobs have no ID before they start.');

// IAM refuses other characters in a policy, and lets ? stand for any one.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
const FOREIGN = /[^\t\n\r\u0020-\u00ff]/gu;

const BUILD = ['StartJob', 'GetJob', 'StopJob', 'ListJobs', 'GetBranch', 'GetApp'];
const DEPLOY = ['CreateDeployment', 'StartDeployment'];

const TOKEN = /\$\{Token\[(.+?)\.\d+\]\}/g;
const APP_BY_TOKEN = new RegExp(`apps/${TOKEN.source}`, 'g');
const LENGTHS: { [token: string]: number } = { 'AWS.Partition': 10, 'AWS.Region': 14, 'AWS.AccountId': 12 };
const [APP_ID_LENGTH, OTHER_LENGTH] = [20, 40];

/** Write one statement. */
export function allow(resources: string[], ...actions: string[]): Statement {
  return { Effect: 'Allow', Action: actions, Resource: resources };
}

/** Write a policy document. */
export function policy(statements: Statement[]): Statement {
  return { Version: '2012-10-17', Statement: statements };
}

/** Return the ARN of an app in the account of a stack. */
export function arnOfApp(stack: Stack, appId: string, region: string = stack.region): string {
  return `arn:${Aws.PARTITION}:amplify:${region}:${stack.account}:apps/${appId}`;
}

/**
 * Allow all that jobs do with branches of an app. Each action applies to its own kind of resource only.
 *
 * @param branchNames The branches; "*" stands for all of them.
 */
export function workOn(appArn: string, branchNames: string[], deploysFiles: boolean): Statement {
  const branches = branchNames.map((name) => `${appArn}/branches/${name.replace(FOREIGN, '?')}`);
  // Denials of ListJobs name the branch in some cases and its jobs in others, and of deployments nobody has
  // published which of the two they name: each is allowed on both.
  const below = deploysFiles ? ['jobs', 'deployments'] : ['jobs'];
  const parts = branches.flatMap((branch) => below.map((part) => `${branch}/${part}/*`));
  const actions = deploysFiles ? [...BUILD, ...DEPLOY] : BUILD;
  return allow([appArn, ...branches, ...parts], ...actions.map((action) => `amplify:${action}`));
}

/** Return the ARN of the app that a statement of `workOn` is about; empty for any other statement. */
export function appOf(statement: Statement): string {
  return statement.Action[0].startsWith('amplify:') ? statement.Resource[0] : '';
}

/** Let the function see whether a request is still wanted, and which job a rollback is to undo. */
export function describeStacks(arn: string): Statement {
  return allow([arn], 'cloudformation:DescribeStackEvents');
}

/** Return what a statement allows, with tokens as in `Fn::Sub`. */
export function inWords(statement: Statement, scope: Construct): string {
  const resources = Stack.of(scope).resolve(statement.Resource).map(partInWords);
  return `${statement.Action.join(', ')} on ${resources.join(', ')}`;
}

function partInWords(value: any): string {
  const [[name, argument]] = typeof value === 'string' ? [['', value]] : Object.entries<any>(value);
  switch (name) {
    case 'Ref':
      return `\${${argument}}`;
    case 'Fn::GetAtt':
      return `\${${argument.join('.')}}`;
    case 'Fn::Join':
      return argument[1].map(partInWords).join(argument[0]);
    default:
      return typeof argument === 'string' && ['', 'Fn::Sub'].includes(name) ? argument : JSON.stringify(value);
  }
}

/** Count the characters of a policy as IAM does. A token counts with its usual length; IAM decides. */
export function characters(statements: Statement[]): number {
  const text = JSON.stringify(policy(statements)).replace(APP_BY_TOKEN, `apps/${'x'.repeat(APP_ID_LENGTH)}`);
  return lengthOf(text.replace(TOKEN, (_, token) => 'x'.repeat(LENGTHS[token] ?? OTHER_LENGTH)));
}
