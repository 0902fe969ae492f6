/** A provider that is defined elsewhere. */

import { Annotations, Aws, CfnResource, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { appOf, describeStacks, Statement } from './permissions';
import { IAmplifyJobProvider, readerOf } from './provider-interface';
import { RolePolicies } from './role-policies';

/** What `AmplifyJobProvider.fromServiceToken` may know of the provider. */
export interface ImportedProviderOptions {
  /** Its role: what each job needs is attached to it. @default - a warning lists what the role's owner must allow */
  readonly role?: iam.IRole;
  /**
   * Whether its role may already work on the jobs' apps, and describe their stacks: it may if the provider is
   * shared and was made with `appIds`.
   *
   * @default false
   */
  readonly permitted?: boolean;
}

export class ImportedProvider extends Construct implements IAmplifyJobProvider {
  private readonly policies?: RolePolicies;

  constructor(
    scope: Construct,
    id: string,
    public readonly serviceToken: string,
    private readonly options: ImportedProviderOptions,
  ) {
    super(scope, id);
    this.policies = options.role && new RolePolicies(this, options.role);
  }

  public permit(job: Construct, resource: CfnResource, statements: Statement[]): void {
    const needed = this.options.permitted
      ? statements.filter((statement) => !appOf(statement))
      : [...statements, describeStacks(Aws.STACK_ID)];
    if (needed.length > 0 && this.policies) {
      this.policies.attach(job, 'Policy', needed, resource);
    } else if (needed.length > 0) {
      Annotations.of(job).addWarningV2(
        'cdk-amplify-job:permissions',
        'the role of the provider is not given: its owner must allow ' +
          spaced(JSON.stringify(Stack.of(job).resolve(needed), undefined, 1)),
      );
    }
  }

  public reader(job: Construct): iam.IRole {
    if (!this.options.role) {
      throw new Error(
        'sources need a provider whose role is known, so that it may read them: give its role as the ' +
          'option role of AmplifyJobProvider.fromServiceToken',
      );
    }
    return readerOf(job, this.options.role);
  }
}

/** JSON in one line, as Python writes it. */
function spaced(json: string): string {
  return json.replace(/([[{])\n\s*|\n\s*([\]}])/g, '$1$2').replace(/\n\s*/g, ' ');
}
