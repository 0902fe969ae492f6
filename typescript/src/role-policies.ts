/** The policies that are attached to a provider's role, within IAM's quota for a role. */

import { Aws, CfnResource, Fn, Names, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { grouped } from './contract';
import { characters, policy, QUOTA, Statement, WILDCARD_EXPLAINED } from './permissions';

/**
 * Policies as resources of their own.
 *
 * CloudFormation deletes a job's policy after its job. It would change a policy inside the role earlier: then
 * the Delete of a job that is new in a failed update, or left the template, would be denied.
 */
export class RolePolicies {
  private readonly stack?: Stack;
  private characters: number;

  /**
   * @param provider Whose role it is; errors name it.
   * @param inside The statements inside the role, if the provider has made it.
   */
  constructor(
    private readonly provider: Construct,
    private readonly role: iam.IRole,
    inside: Statement[] = [],
  ) {
    this.stack = inside.length > 0 ? Stack.of(provider) : undefined;
    this.characters = inside.length > 0 ? characters(inside) : 0;
  }

  /**
   * Attach one policy. No other policy of the role has its name, in any CDK app.
   *
   * @param neededBy What waits for it.
   */
  public attach(scope: Construct, id: string, statements: Statement[], neededBy?: CfnResource): iam.CfnPolicy {
    this.characters += characters(statements);
    if (this.characters > QUOTA) {
      throw new Error(
        `the inline policies of the role of '${this.provider.node.path}' must have at most ` +
          `${grouped(QUOTA)} characters, received ${grouped(this.characters)}: give the provider appIds, which ` +
          'allow all branches of an app at once, or give some of its jobs a provider of their own',
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
