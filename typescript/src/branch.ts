/** Which branch a job runs on: an app's ID and a branch's name, also as read from a branch construct. */

import { CfnResource, Fn, IResource, Reference, Token, Tokenization } from 'aws-cdk-lib';
import { CfnApp, CfnBranch } from 'aws-cdk-lib/aws-amplify';
import { aws_amplify } from 'aws-cdk-lib/interfaces';
import { IConstruct } from 'constructs';
import { shown } from './contract';

export type Branch = aws_amplify.IBranchRef | IResource;

/** Return the app's ID and the branch's name of a branch construct. */
export function namesOf(branch: Branch): [string, string] {
  const cfnBranch = cfnBranchOf(branch);
  if (cfnBranch) {
    return [cfnBranch.appId, cfnBranch.attrBranchName];
  }
  const path = shown(branch.node.path);
  if (isApp(branch) || isApp(branch.node.defaultChild)) {
    throw new Error(`branch must be a branch construct, received app ${path}`);
  }
  if (!('branchRef' in branch)) {
    throw new Error(`branch ${path} does not know its app: pass appId and branchName instead`);
  }
  return split(branch.branchRef.branchArn);
}

/** Return the branch's name, if it is known at synthesis although a reference stands for it. */
export function knownNameOf(branch: Branch): string | undefined {
  const name = cfnBranchOf(branch)?.branchName;
  return Token.isUnresolved(name) ? undefined : name;
}

/** Return the app of a branch, if the CDK app defines it. */
export function appOf(branch: CfnBranch): CfnApp | undefined {
  const app = targetOf(branch.appId);
  return isApp(app) ? app : undefined;
}

/** Return the L1 of a branch construct, if the CDK app defines it. */
export function cfnBranchOf(branch: Branch): CfnBranch | undefined {
  // The alpha module's Branch is no IBranchRef; like every L2 it wraps an L1. Others refer to one.
  const isBranch = (item: IConstruct | undefined) => isOfType(item, CfnBranch.CFN_RESOURCE_TYPE_NAME);
  const inner = [branch, branch.node.defaultChild].find(isBranch);
  const target = inner ?? ('branchRef' in branch ? targetOf(branch.branchRef.branchArn) : undefined);
  return isBranch(target) ? (target as CfnBranch) : undefined;
}

function targetOf(token: string): IConstruct | undefined {
  const reference = Tokenization.reverseString(token).firstToken;
  return Reference.isReference(reference) ? reference.target : undefined;
}

function isApp(construct: IConstruct | undefined): construct is CfnApp {
  return isOfType(construct, CfnApp.CFN_RESOURCE_TYPE_NAME);
}

/** Not by instanceof: an app may hold two copies of aws-cdk-lib. */
function isOfType(construct: IConstruct | undefined, type: string): boolean {
  return construct !== undefined && CfnResource.isCfnResource(construct) && construct.cfnResourceType === type;
}

function split(arn: string): [string, string] {
  if (!Token.isUnresolved(arn)) {
    const [app, ...name] = arn.split('/branches/');
    return [app.slice(app.lastIndexOf('/') + 1), name.join('/branches/')];
  }
  // Fn::Split knows no first match: a name that itself holds "/branches/" is only kept when literal.
  const parts = Fn.split('/branches/', arn);
  return [Fn.select(1, Fn.split('/', Fn.select(0, parts))), Fn.select(1, parts)];
}
