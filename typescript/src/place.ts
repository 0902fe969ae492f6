/** Where a job runs: the app, its branch, their Region, and the role by which they are reached. */

import { Stack, Token } from 'aws-cdk-lib';
import { Branch, knownNameOf, namesOf } from './branch';
import { shown } from './contract';
import { checked, has, isGiven, isKnown } from './limits';
import { AmplifyJobProps } from './options';

export interface Place {
  readonly appId: string;
  readonly branchName: string;
  /** The branch's name itself, if it is known: a permission for it is exact, and its length counts. */
  readonly knownName: string;
  /** Without it, the Region of the stack. */
  readonly region?: string;
  readonly roleArn?: string;
  readonly externalId?: string;
}

/** Read where a job runs. */
export function placeOf(props: AmplifyJobProps, stack: Stack): Place {
  const branch = props.branch ?? undefined;
  const [appId, branchName] = checkedNames(props);
  const knownName = (branch && knownNameOf(branch)) || branchName;
  checkOwnBuild(appId, knownName);
  const region = checkedRegion(props.region, branch, stack);
  const roleArn = checkedRoleArn(props.assumeRole);
  if (branch && roleArn === undefined) {
    checkAccount(branch, stack);
  }
  return { appId, branchName, knownName, region, roleArn, externalId: checkedExternalId(props.externalId, roleArn) };
}

function checkedNames({ branch, appId, branchName }: AmplifyJobProps): [string, string] {
  if (isGiven(branch) && !has('node', branch)) {
    throw new Error(`branch must be a branch construct, received ${shown(branch)}: for names use appId and branchName`);
  }
  const received = `received appId=${shown(appId)} and branchName=${shown(branchName)}`;
  if (isGiven(branch)) {
    if (isGiven(appId) || isGiven(branchName)) {
      throw new Error(`branch says the app and the branch, so appId and branchName must be left out, ${received}`);
    }
    return namesOf(branch);
  }
  if (!isGiven(appId) || !isGiven(branchName)) {
    throw new Error(`either branch or both appId and branchName must be given, ${received}`);
  }
  return [checked('AppId', appId), checked('BranchName', branchName)];
}

function checkedRegion(given: any, branch: Branch | undefined, stack: Stack): string | undefined {
  let region = checked('Region', given);
  if (region === undefined && branch && !Token.isUnresolved(branch.env.region)) {
    region = branch.env.region;
  }
  return region === stack.region ? undefined : region;
}

function checkAccount(branch: Branch, stack: Stack): void {
  const { account } = branch.env;
  const own = stack.account;
  if (account !== own && !Token.isUnresolved(account) && !Token.isUnresolved(own)) {
    throw new Error(
      `branch must be of the account of its job, ${own}, received one of ${account}: ` +
        'give a role there as assumeRole',
    );
  }
}

/** Refuse to deploy a branch from its own Amplify build: each would wait for the other. */
function checkOwnBuild(appId: string, branchName: string): void {
  // https://docs.aws.amazon.com/amplify/latest/userguide/amplify-console-environment-variables.html
  if (appId === process.env.AWS_APP_ID && branchName === process.env.AWS_BRANCH) {
    throw new Error(
      `branch ${shown(branchName)} of app ${shown(appId)} must not be released from its own Amplify build, ` +
        'received AWS_APP_ID and AWS_BRANCH of that build: deploy this stack from elsewhere',
    );
  }
}

function checkedRoleArn(role: any): string | undefined {
  if (isGiven(role) && !has('roleArn', role)) {
    throw new Error(`assumeRole must be a role, received ${shown(role)}: for an ARN use Role.fromRoleArn`);
  }
  return checked('AssumeRoleArn', role?.roleArn);
}

function checkedExternalId(given: any, roleArn: string | undefined): string | undefined {
  const externalId = checked('ExternalId', given);
  if (externalId !== undefined && roleArn === undefined && isKnown(externalId)) {
    throw new Error(`externalId goes with assumeRole, received ${shown(externalId)} without one`);
  }
  return externalId;
}
