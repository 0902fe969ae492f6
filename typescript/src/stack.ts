/** A stack with one job. */

import { CfnOutput, Stack, StackProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { AmplifyJob } from './amplify-job';
import { ATTRIBUTES } from './contract';
import { checkNames } from './limits';
import { AmplifyJobProps, OPTIONS } from './options';

export const STACK_OPTIONS = [
  ...['env', 'stackName', 'description', 'tags', 'terminationProtection', 'crossRegionReferences'],
  ...['notificationArns', 'permissionsBoundary', 'synthesizer'],
];

/** The options of `AmplifyJobStack`. */
export interface AmplifyJobStackProps extends AmplifyJobProps, StackProps {}

/** A stack with one job, whose attributes are the stack's outputs. */
export class AmplifyJobStack extends Stack {
  /** The job. */
  public readonly job: AmplifyJob;

  constructor(scope: Construct, id: string, props: AmplifyJobStackProps) {
    checkNames('AmplifyJobStack', props, [...OPTIONS, ...STACK_OPTIONS]);
    super(scope, id, props);
    this.job = new AmplifyJob(this, 'Job', props);
    for (const name of ATTRIBUTES) {
      new CfnOutput(this, name, { value: this.job.attribute(name) });
    }
  }
}
