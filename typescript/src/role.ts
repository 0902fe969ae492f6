/** Access to an app for jobs that another account deploys. */

import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { grouped, shown } from './contract';
import { checked, checkNames } from './limits';
import { arnOfApp, characters, policy, QUOTA, WILDCARD_EXPLAINED, workOn } from './permissions';

/** The options of `AmplifyJobRole`. */
export interface AmplifyJobRoleProps {
  /** The ID of the app. */
  readonly appId: string;
  /** The names of its branches, at least one; no patterns. */
  readonly branchNames: string[];
  /**
   * The ARN of the role of the provider's function. It may end with an asterisk, for the letters that
   * CloudFormation adds to a role's name; then it stands for each role that matches.
   */
  readonly trustedRoleArn: string;
  /** The Region of the app. @default - the stack's */
  readonly region?: string;
  /** The name of this role. @default - made by CloudFormation */
  readonly roleName?: string;
  /** Whether jobs deploy files, by their option `sources`. @default false */
  readonly deploysFiles?: boolean;
}

const OPTIONS = ['appId', 'branchNames', 'trustedRoleArn', 'region', 'roleName', 'deploysFiles'];

/**
 * A role in the account of an app, for the option `assumeRole` of jobs in another account.
 *
 * It allows what jobs do with the given branches. Only the role of the provider's function may assume it.
 */
export class AmplifyJobRole extends iam.Role {
  constructor(scope: Construct, id: string, props: AmplifyJobRoleProps) {
    checkNames('AmplifyJobRole', props, OPTIONS);
    const { branchNames, trustedRoleArn } = props;
    const appId = checked('AppId', props.appId);
    if (!Array.isArray(branchNames) || branchNames.length === 0) {
      throw new Error(`branchNames must be a list of names, received ${shown(branchNames)}`);
    }
    branchNames.forEach((name) => checked('BranchName', name));
    const trusted = /^arn:[^:]+:iam::([^:*?]+):role\/[^:*?]+\*?$/.exec(trustedRoleArn);
    if (!trusted) {
      throw new Error(`trustedRoleArn must be the ARN of one role, received ${shown(trustedRoleArn)}`);
    }

    // The account and a condition, not the role itself: IAM refuses a principal that is not there yet.
    const assumedBy = new iam.AccountPrincipal(trusted[1]).withConditions({
      ArnLike: { 'aws:PrincipalArn': trustedRoleArn },
    });
    super(scope, id, { assumedBy, roleName: props.roleName });

    const app = arnOfApp(Stack.of(this), appId, props.region);
    const statements = [workOn(app, branchNames, props.deploysFiles ?? false)];
    const size = characters(statements);
    if (size > QUOTA) {
      throw new Error(
        `branchNames must fit into the ${grouped(QUOTA)} characters of the policies of a role, received ` +
          `${branchNames.length} names, which take ${grouped(size)}: make several roles`,
      );
    }
    const cfnRole = this.node.defaultChild as iam.CfnRole;
    cfnRole.policies = [{ policyName: 'Jobs', policyDocument: policy(statements) }];
    cfnRole.addMetadata('cdk_nag', WILDCARD_EXPLAINED);
  }
}
