/** What every provider is. */

import { CfnResource } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Statement } from './permissions';

/**
 * Any provider: an `AmplifyJobProvider`, or one that is defined elsewhere.
 *
 * `AmplifyJob` calls its methods.
 */
export interface IAmplifyJobProvider {
  /** The ARN of the function, which `Custom::AmplifyJob` names as its `ServiceToken`. */
  readonly serviceToken: string;

  /**
   * Let the function do the work of a job.
   *
   * @param job The construct in whose scope the policy is made.
   * @param resource The custom resource, which waits for its permission.
   * @param statements The IAM statements that the job needs.
   */
  permit(job: Construct, resource: CfnResource, statements: Statement[]): void;

  /**
   * Return the role that reads the files of a job, as one that ignores grants.
   *
   * @param job The construct in whose scope it is made.
   */
  reader(job: Construct): iam.IRole;
}

/** Return a role for a job's sources that ignores grants: theirs are wider than needed. */
export function readerOf(job: Construct, role: iam.IRole | undefined): iam.IRole {
  // By its name: the ARN of a role in another stack would look like one of another account.
  return iam.Role.fromRoleName(job, 'Reader', role?.roleName ?? 'unknown', { mutable: false });
}
