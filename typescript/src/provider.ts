/** The function behind `Custom::AmplifyJob`: one for all jobs of a stack, or shared between stacks. */

import { Aws, CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ASSET, shown } from './contract';
import { ImportedProvider, ImportedProviderOptions } from './imported-provider';
import { checkedFlag, checkNames, has, isGiven, isKnown } from './limits';
import { allow, appOf, arnOfApp, describeStacks, explained, policy, Statement, workOn } from './permissions';
import { IAmplifyJobProvider, readerOf } from './provider-interface';
import { AmplifyJobProviderProps, checkTypes } from './provider-options';
import { RolePolicies } from './role-policies';

const FUNCTION_TIMEOUT = Duration.minutes(15); // Lambda's own limit: a longer wait is handed over
const MEMORY_MB = 256;

const RUNTIME_EXPLAINED = explained('AwsSolutions-L1', 'The newest runtime that its tests run on.');

// Lambda makes the network interfaces of a function in a VPC with the function's role, and refuses a function
// without these permissions. Some of the actions work on all resources only.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
const NETWORK_INTERFACES = [
  ...['ec2:CreateNetworkInterface', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'],
  ...['ec2:DeleteNetworkInterface', 'ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses'],
];
const OWN_EXPLAINED = explained('AwsSolutions-IAM5', 'Stacks and network interfaces have no ID before they exist.');

// A function may invoke itself by this name only.
const FUNCTION_ARN = /^arn:[a-z-]+:lambda:([a-z0-9-]+):[0-9]{12}:function:[A-Za-z0-9-_]+$/;

/**
 * The function that starts jobs, waits for them and answers CloudFormation.
 *
 * A job without the option `provider` uses the one of its stack. To give that one options, call
 * `AmplifyJobProvider.getOrCreate(stack, …)` with them before the stack's first job.
 */
export class AmplifyJobProvider extends Construct implements IAmplifyJobProvider {
  /** The ID of the provider that the jobs of a stack share, directly below the stack. */
  public static readonly ID: string = 'AmplifyJobProvider';

  /**
   * Return the provider of the stack around a construct.
   *
   * @param scope Any construct in the stack.
   * @param props For the provider that is made; they come too late if the stack has its provider already.
   */
  public static getOrCreate(scope: Construct, props: AmplifyJobProviderProps = {}): AmplifyJobProvider {
    const stack = Stack.of(scope);
    const provider = stack.node.tryFindChild(AmplifyJobProvider.ID);
    if (!(provider instanceof AmplifyJobProvider)) {
      return new AmplifyJobProvider(stack, AmplifyJobProvider.ID, props);
    }
    const given = Object.entries(props).filter(([, value]) => isGiven(value));
    if (given.length > 0) {
      throw new Error(
        `the provider ${shown(provider.node.path)} must get its options before the first job of its stack, ` +
          `received ${given.map(([name]) => name).join(', ')} after it was made`,
      );
    }
    return provider;
  }

  /**
   * Use a provider that is defined elsewhere, as by an `AmplifyJobProviderStack`.
   *
   * @param token Its service token, the ARN of its function, in the Region of the stack.
   */
  public static fromServiceToken(
    scope: Construct,
    id: string,
    token: string,
    options: ImportedProviderOptions = {},
  ): IAmplifyJobProvider {
    const arn = FUNCTION_ARN.exec(token);
    if (isKnown(token) && !arn) {
      const allowed = "the ARN of a provider's function, without version and alias";
      throw new Error(`token must be ${allowed}, received ${shown(token)}`);
    }
    checkNames('AmplifyJobProvider.fromServiceToken', options, ['role', 'permitted']);
    if (isGiven(options.role) && !has('roleArn', options.role)) {
      throw new Error(`role must be a role, received ${shown(options.role)}`);
    }
    checkedFlag('permitted', options.permitted);
    const own = Stack.of(scope).region;
    if (arn && isKnown(own) && arn[1] !== own) {
      throw new Error(`token must be of the Region ${own} of its stack, received ${shown(token)}`);
    }
    return new ImportedProvider(scope, id, token, options);
  }

  /** The function. */
  public readonly function: lambda.Function;
  /** The role that the function runs with. */
  public readonly role: iam.IRole;
  /** Where the function logs. */
  public readonly logGroup: logs.ILogGroup;
  /** The ARN of the function, which `Custom::AmplifyJob` names as its `ServiceToken`. */
  public readonly serviceToken: string;

  private readonly shared: boolean;
  private readonly policies: RolePolicies;
  private readonly ofApps: { [arn: string]: iam.CfnPolicy | undefined };

  constructor(scope: Construct, id: string, props: AmplifyJobProviderProps = {}) {
    super(scope, id);
    checkTypes(props);

    this.shared = props.shared ?? false;
    this.logGroup = props.logGroup ?? this.defineLogGroup(props);
    const own = this.ownStatements(Boolean(props.vpc));
    this.role = props.role ?? this.defineRole(own);
    this.function = this.defineFunction(props);
    this.serviceToken = this.function.functionArn;

    this.policies = new RolePolicies(this, this.role, props.role ? [] : own);
    if (props.role) {
      // the function does not start before it may log
      this.policies.attach(this, 'Own', own, this.function.node.defaultChild as CfnResource);
    }
    // No job waits for it: the first hand-over is minutes away.
    this.policies.attach(this, 'HandOver', [allow([this.serviceToken], 'lambda:InvokeFunction')]);
    this.ofApps = this.allowApps(props.appIds ?? []);
  }

  /** Let the function do the work of a job: see `IAmplifyJobProvider`. */
  public permit(job: Construct, resource: CfnResource, statements: Statement[]): void {
    const needed = statements.filter((statement) => !(appOf(statement) in this.ofApps));
    if (Stack.of(job) === Stack.of(this)) {
      resource.node.addDependency(...statements.flatMap((statement) => this.ofApps[appOf(statement)] ?? []));
    } else if (!this.shared) {
      needed.push(describeStacks(Aws.STACK_ID));
    }
    if (needed.length > 0) {
      this.policies.attach(job, 'Policy', needed, resource);
    }
  }

  /** Return the role that reads the files of a job: see `IAmplifyJobProvider`. */
  public reader(job: Construct): iam.IRole {
    return readerOf(job, this.role);
  }

  private defineLogGroup(props: AmplifyJobProviderProps): logs.ILogGroup {
    return new logs.LogGroup(this, 'LogGroup', {
      retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  /** What the function needs apart from its jobs. */
  private ownStatements(withNetwork: boolean): Statement[] {
    const stack = Stack.of(this);
    const stacks = `arn:${Aws.PARTITION}:cloudformation:${stack.region}:${stack.account}:stack/*`;
    const own = [
      allow([this.logGroup.logGroupArn], 'logs:CreateLogStream', 'logs:PutLogEvents'),
      describeStacks(this.shared ? stacks : Aws.STACK_ID),
    ];
    return withNetwork ? [...own, allow(['*'], ...NETWORK_INTERFACES)] : own;
  }

  private defineRole(own: Statement[]): iam.IRole {
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: { Own: iam.PolicyDocument.fromJson(policy(own)) },
    });
    if (JSON.stringify(own).includes('*')) {
      (role.node.defaultChild as CfnResource).addMetadata('cdk_nag', OWN_EXPLAINED);
    }
    return role;
  }

  private defineFunction(props: AmplifyJobProviderProps): lambda.Function {
    const { runtime, ephemeralStorageSize, vpc, vpcSubnets, securityGroups } = props;
    const defined = new lambda.Function(this, 'Function', {
      code: lambda.Code.fromAsset(ASSET, { exclude: ['**/__pycache__', '*.pyc'] }),
      handler: 'amplify_job.index.handler',
      runtime: runtime ?? lambda.Runtime.PYTHON_3_13,
      role: this.role,
      timeout: FUNCTION_TIMEOUT,
      memorySize: MEMORY_MB,
      ephemeralStorageSize,
      logGroup: this.logGroup,
      vpc,
      vpcSubnets,
      securityGroups,
    });
    (defined.node.defaultChild as CfnResource).addMetadata('cdk_nag', RUNTIME_EXPLAINED);
    return defined;
  }

  /** One policy for each app, by its ARN: an app may use what another app's job answered. */
  private allowApps(appIds: string[]): { [arn: string]: iam.CfnPolicy | undefined } {
    const allowed = appIds.map((appId, number): [string, iam.CfnPolicy | undefined] => {
      const arn = arnOfApp(Stack.of(this), appId);
      const id = `App${isKnown(appId) ? appId : number}`;
      return [arn, this.policies.attach(this, id, [workOn(arn, ['*'], true)])];
    });
    return Object.fromEntries(allowed);
  }
}
