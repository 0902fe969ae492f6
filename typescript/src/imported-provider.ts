/** A provider that is defined elsewhere. */

import { Aws, CfnResource } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { appOf, describeStacks, Statement } from './permissions';
import { IAmplifyJobProvider, readerOf } from './provider-interface';
import { RolePolicies } from './role-policies';

/** What `AmplifyJobProvider.fromServiceToken` may know of the provider. */
export interface ImportedProviderOptions {
  /**
   * Its role: what each job needs is attached to it, unless the role takes no policies (`mutable: false`).
   *
   * @default - a warning lists what the role's owner must allow
   */
  readonly role?: iam.IRole;
  /**
   * Whether its role may already work on the jobs' apps, and describe their stacks: it may if the provider is
   * shared and was made with `appIds`. Then nothing is attached to it; a warning lists what its owner must allow
   * for files or for a role to assume.
   *
   * @default false
   */
  readonly permitted?: boolean;
}

export class ImportedProvider extends Construct implements IAmplifyJobProvider {
  private readonly policies: RolePolicies;

  constructor(
    scope: Construct,
    id: string,
    public readonly serviceToken: string,
    private readonly options: ImportedProviderOptions,
  ) {
    super(scope, id);
    this.policies = new RolePolicies(this, options.permitted ? undefined : options.role);
  }

  public permit(job: Construct, resource: CfnResource, statements: Statement[]): void {
    const needed = this.options.permitted
      ? statements.filter((statement) => !appOf(statement))
      : [...statements, describeStacks(Aws.STACK_ID)];
    if (needed.length > 0) {
      this.policies.attach(job, 'Policy', needed, resource);
    }
  }

  public reader(job: Construct): iam.IRole {
    return readerOf(job, this.options.role);
  }
}
