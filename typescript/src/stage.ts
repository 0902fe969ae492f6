/** A stage of a pipeline that releases a site. */

import { Stage, StageProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { AmplifyJob } from './amplify-job';
import { checkNames } from './limits';
import { AmplifyJobProps, OPTIONS } from './options';
import { AmplifyJobStack } from './stack';

/** The options of `AmplifyJobStage`. */
export interface AmplifyJobStageProps extends AmplifyJobProps, StageProps {
  /** The stack's name. @default - made from the stage's name */
  readonly stackName?: string;
}

/**
 * A stage with one `AmplifyJobStack`, for `pipelines.CodePipeline.addStage`.
 *
 * Tokens cannot cross stages: give appId and branchName, not branch.
 */
export class AmplifyJobStage extends Stage {
  /** The stack. */
  public readonly stack: AmplifyJobStack;
  /** The job. */
  public readonly job: AmplifyJob;

  constructor(scope: Construct, id: string, props: AmplifyJobStageProps) {
    const ofStage = ['env', 'stageName', 'stackName', 'permissionsBoundary'];
    checkNames('AmplifyJobStage', props, [...OPTIONS, ...ofStage]);
    super(scope, id, props);
    const { env, permissionsBoundary, ...options } = props; // the stack has them of its stage
    this.stack = new AmplifyJobStack(this, 'AmplifyJob', options);
    this.job = this.stack.job;
  }
}
