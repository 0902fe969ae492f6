/** The options of `AmplifyJobProvider`. */

import { Size } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { shown } from './contract';
import { checked, checkedFlag, checkNames, has, isGiven, isListOf } from './limits';

/** The options of a provider that other stacks share. */
export interface SharedProviderProps {
  /** How long the function's log is kept. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: logs.RetentionDays;
  /** Where the function logs. @default - a log group that is removed with the stack */
  readonly logGroup?: logs.ILogGroup;
  /**
   * The role of the function, where an account prescribes one. What jobs need is attached to it, by policies; if
   * the role takes none (`mutable: false`), warnings say what its owner must allow.
   *
   * @default - one is made
   */
  readonly role?: iam.IRole;
  /** The function's runtime, Python 3.10 or newer. @default Runtime.PYTHON_3_13 */
  readonly runtime?: lambda.Runtime;
  /**
   * The VPC of the function. From there it must reach Amplify, CloudFormation, S3 and Lambda; STS with
   * `assumeRole`, and the site with `smokeTest`.
   *
   * @default - none
   */
  readonly vpc?: ec2.IVpc;
  /** The subnets in that VPC. @default - as aws_lambda.Function */
  readonly vpcSubnets?: ec2.SubnetSelection;
  /** The security groups in that VPC. @default - as aws_lambda.Function */
  readonly securityGroups?: ec2.ISecurityGroup[];
  /**
   * The size of /tmp, for the files that jobs deploy; one archive without tokens usually needs no space there.
   *
   * @default Size.mebibytes(512)
   */
  readonly ephemeralStorageSize?: Size;
  /**
   * The IDs of Amplify apps. The function may then work on every branch of them, and their builds add no
   * permission; in other stacks, if the provider is shared.
   *
   * @default - each job adds one for its branch
   */
  readonly appIds?: string[];
}

/** The options of `AmplifyJobProvider`. */
export interface AmplifyJobProviderProps extends SharedProviderProps {
  /**
   * Whether stacks of other CDK apps use the provider too. The function may then describe every stack of its
   * account and Region.
   *
   * @default false
   */
  readonly shared?: boolean;
}

// What an option must have, and what that is called.
const TYPES: { [option: string]: [string, string] } = {
  logGroup: ['logGroupArn', 'a log group'],
  role: ['roleArn', 'a role'],
  runtime: ['name', 'a Runtime'],
  vpc: ['vpcId', 'a VPC'],
  ephemeralStorageSize: ['toMebibytes', 'a Size'],
};
export const PROVIDER_OPTIONS = [
  ...Object.keys(TYPES),
  ...['logRetention', 'vpcSubnets', 'securityGroups', 'shared', 'appIds'],
];

/** Check the options' types. */
export function checkTypes(props: AmplifyJobProviderProps): void {
  checkNames('AmplifyJobProvider', props, PROVIDER_OPTIONS);
  for (const [name, [member, what]] of Object.entries(TYPES)) {
    const value = (props as any)[name];
    if (isGiven(value) && !has(member, value)) {
      throw new Error(`${name} must be ${what}, received ${shown(value)}`);
    }
  }
  checkedFlag('shared', props.shared);
  const { securityGroups, appIds, runtime } = props;
  if (isGiven(securityGroups) && !isListOf('securityGroupId', securityGroups)) {
    throw new Error(`securityGroups must be a list of security groups, received ${shown(securityGroups)}`);
  }
  const areIds = Array.isArray(appIds) && appIds.length > 0 && new Set(appIds).size === appIds.length;
  if (isGiven(appIds) && !areIds) {
    throw new Error(`appIds must be a list of different IDs, or be left out, received ${shown(appIds)}`);
  }
  for (const appId of appIds ?? []) {
    checked('AppId', appId);
  }
  if (isGiven(props.logRetention) && !(props.logRetention in logs.RetentionDays)) {
    throw new Error(`logRetention must be one of logs.RetentionDays, received ${shown(props.logRetention)}`);
  }
  for (const name of ['vpcSubnets', 'securityGroups'] as const) {
    if (isGiven(props[name]) && !isGiven(props.vpc)) {
      throw new Error(`${name} is for a function in a VPC, so vpc must be given, received none`);
    }
  }
  if (props.logGroup && props.logRetention) {
    throw new Error('logRetention is for the log group that is made without logGroup, received both');
  }
  if (runtime && !(Number(/^python3\.([0-9]+)$/.exec(runtime.name)?.[1]) >= 10)) {
    throw new Error(`runtime must be Python 3.10 or newer, received ${runtime.name}`);
  }
}
