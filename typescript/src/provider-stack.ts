/** A provider for other stacks. */

import { CfnOutput, Stack, StackProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { checkNames } from './limits';
import { AmplifyJobProvider } from './provider';
import { PROVIDER_OPTIONS, SharedProviderProps } from './provider-options';
import { STACK_OPTIONS } from './stack';

/** The options of `AmplifyJobProviderStack`. */
export interface AmplifyJobProviderStackProps extends SharedProviderProps, StackProps {}

/**
 * A stack with a provider for the other stacks of an account and Region, also those without the CDK.
 *
 * It exports `{stack name}-ServiceToken` and `{stack name}-RoleName`. A stack that uses them must attach a
 * policy for its branch to the role; `AmplifyJobProvider.fromServiceToken` does that, if given the role. With
 * `appIds`, builds of these apps need no policy.
 */
export class AmplifyJobProviderStack extends Stack {
  /** The provider. */
  public readonly provider: AmplifyJobProvider;

  constructor(scope: Construct, id: string, props: AmplifyJobProviderStackProps = {}) {
    checkNames('AmplifyJobProviderStack', props, [...PROVIDER_OPTIONS, ...STACK_OPTIONS]);
    super(scope, id, props);
    this.provider = new AmplifyJobProvider(this, AmplifyJobProvider.ID, { ...props, shared: true });
    const exported = { ServiceToken: this.provider.serviceToken, RoleName: this.provider.role.roleName };
    for (const [name, value] of Object.entries(exported)) {
      new CfnOutput(this, name, { value, exportName: `${this.stackName}-${name}` });
    }
  }
}
