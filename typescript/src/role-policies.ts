/** What a provider's role is allowed: by policies, within IAM's quota for a role, or by its owner. */

import { Annotations, Aws, CfnResource, Fn, Names, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { grouped } from './contract';
import { characters, inWords, policy, QUOTA, Statement, WILDCARD_EXPLAINED } from './permissions';

/**
 * Policies as resources of their own.
 *
 * CloudFormation deletes a job's policy after its job. It would change a policy inside the role earlier: then
 * the Delete of a job that is new in a failed update, or left the template, would be denied.
 */
export class RolePolicies {
  private readonly role?: iam.IRole;
  private readonly stack?: Stack;
  private characters: number;

  /**
   * @param provider Whose role it is; errors name it.
   * @param role To one that is not known, and to one that takes no policies, none is attached: a warning says what
   * its owner must allow.
   * @param inside The statements inside the role, if the provider has made it.
   */
  constructor(
    private readonly provider: Construct,
    role: iam.IRole | undefined,
    inside: Statement[] = [],
  ) {
    this.role = role && takesPolicies(role) ? role : undefined;
    this.stack = inside.length > 0 ? Stack.of(provider) : undefined;
    this.characters = inside.length > 0 ? characters(inside) : 0;
  }

  /**
   * Attach one policy, if the role takes any. No other policy of the role has its name, in any CDK app.
   *
   * @param neededBy What waits for it.
   */
  public attach(
    scope: Construct,
    id: string,
    statements: Statement[],
    neededBy?: CfnResource,
  ): iam.CfnPolicy | undefined {
    if (!this.role) {
      Annotations.of(scope).addWarningV2(
        'cdk-amplify-job:permissions',
        'no policy is attached to the role of the provider, so its owner must allow:' +
          statements.map((statement) => `\n- ${inWords(statement, scope)}`).join(''),
      );
      return undefined;
    }
    this.characters += characters(statements);
    if (this.characters > QUOTA) {
      throw new Error(
        `the inline policies of the role of '${this.provider.node.path}' must have at most ` +
          `${grouped(QUOTA)} characters, received ${grouped(this.characters)}: list every app of the ` +
          "jobs in the provider's appIds, or give some of the jobs a provider of their own",
      );
    }
    let unique = Names.uniqueResourceName(scope, { maxLength: 80 }) + (id === 'Policy' ? '' : id);
    if (Stack.of(scope) !== this.stack) {
      // stacks of other apps may attach policies, too
      unique = `${unique}-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}`;
    }
    const attached = new iam.CfnPolicy(scope, id, {
      policyName: unique,
      policyDocument: policy(statements),
      roles: [this.role.roleName],
    });
    if (JSON.stringify(statements).includes('*')) {
      attached.addMetadata('cdk_nag', WILDCARD_EXPLAINED);
    }
    neededBy?.node.addDependency(attached);
    return attached;
  }
}

/**
 * Whether a role takes policies: not one that was imported with `mutable: false`, or customized.
 *
 * https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_iam-readme.html#opting-out-of-automatic-permissions-management
 */
function takesPolicies(role: iam.IRole): boolean {
  if (role.node.tryGetContext('@aws-cdk/iam:customizeRoles') !== undefined) {
    return false;
  }
  const statements = [new iam.PolicyStatement({ actions: ['iam:None'], resources: ['none'] })];
  const probe = new iam.Policy(new Stack(), 'Probe', { force: true, statements });
  role.attachInlinePolicy(probe);
  return probe.node.validate().length === 0; // it says so if it is attached to nothing
}
