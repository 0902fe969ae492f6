/** Start a job of an Amplify branch in a deployment, and wait for it. */

import { isDeepStrictEqual } from 'util';
import { Aspects, CfnResource, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { buildSettingsOf } from './build-settings';
import { jobTypeOf, ROWS, SECONDS_TO_ANSWER, shown } from './contract';
import { checkNames, has, isGiven, isKnown, isListOf } from './limits';
import { AmplifyJobProps, OPTIONS } from './options';
import { allow, arnOfApp, workOn } from './permissions';
import { pitfalls } from './pitfalls';
import { Place, placeOf } from './place';
import { Properties, propertiesOf } from './properties';
import { AmplifyJobProvider } from './provider';
import { bind, checkSources, checkValues } from './sources';

/**
 * A job of an Amplify branch, started when the deployment comes to it.
 *
 * The job starts when the resource is created. It starts again when an option changes that says what to build,
 * or one of `triggers`. The deployment waits for the job, and fails with the reason when the job fails.
 *
 * The fields of the job are those of https://docs.aws.amazon.com/amplify/latest/APIReference/API_StartJob.html.
 */
export class AmplifyJob extends Construct {
  private readonly resource: CfnResource;

  constructor(scope: Construct, id: string, props: AmplifyJobProps) {
    super(scope, id);
    checkNames('AmplifyJob', props, OPTIONS);
    checkSources(props.sources);
    checkValues(props.values, props.sources);
    checkConstructs(props.executeAfter);
    const place = placeOf(props, Stack.of(this));
    const properties = propertiesOf(props, place);
    checkProvider(props.provider, Stack.of(this));

    this.resource = this.define(props, place, properties);

    const jobType = jobTypeOf({ ...properties, SourceBucketNames: props.sources });
    Aspects.of(this.resource).add(pitfalls(this, props, place, jobType));
  }

  /** The ID of the job. */
  public get jobId(): string {
    return this.attribute('JobId');
  }

  /** The ARN of the job. */
  public get jobArn(): string {
    return this.attribute('JobArn');
  }

  /** The type of the job. */
  public get jobType(): string {
    return this.attribute('JobType');
  }

  /**
   * The status of the job: SUCCEED, or CANCELLED if Amplify saw nothing to build.
   *
   * If the deployment does not wait: the status at the job's start, such as PENDING.
   */
  public get status(): string {
    return this.attribute('Status');
  }

  /** The commit of the job, as Amplify reports it: often HEAD. */
  public get commitId(): string {
    return this.attribute('CommitId');
  }

  /** The message that Amplify shows for the job; without commitMessage, it names the stack. */
  public get commitMessage(): string {
    return this.attribute('CommitMessage');
  }

  /** The time of that commit, in ISO 8601. */
  public get commitTime(): string {
    return this.attribute('CommitTime');
  }

  /** The commit that was built, as the log of the build shows it; empty if it shows none. */
  public get builtCommitId(): string {
    return this.attribute('BuiltCommitId');
  }

  /** When the job started, in ISO 8601. */
  public get startTime(): string {
    return this.attribute('StartTime');
  }

  /** When the job ended, in ISO 8601; empty if the deployment does not wait. */
  public get endTime(): string {
    return this.attribute('EndTime');
  }

  /** The address of the branch's site. */
  public get branchUrl(): string {
    return this.attribute('BranchUrl');
  }

  /** The address of the branch's deployments in the console. */
  public get consoleUrl(): string {
    return this.attribute('ConsoleUrl');
  }

  /**
   * Return an attribute by the name that Fn::GetAtt takes, such as `BranchUrl`.
   *
   * @param name One of the twelve names.
   */
  public attribute(name: string): string {
    return this.resource.getAtt(name).toString();
  }

  /** Define the custom resource, and let the provider do its work. */
  private define(props: AmplifyJobProps, place: Place, properties: Properties): CfnResource {
    const provider = props.provider ?? AmplifyJobProvider.getOrCreate(this);
    const files = props.sources && bind(props.sources, props.values ?? {}, this, provider.reader(this));
    const seconds = properties.TimeoutSeconds ?? ROWS.TimeoutSeconds.default;
    const given = {
      ...properties,
      ...(files && { ...files.properties, JobType: undefined }),
      BuildSettings: props.branch && buildSettingsOf(props.branch, Stack.of(this), Boolean(files)),
    };
    const differs = ([name, value]: [string, any]) =>
      isGiven(value) && !isDeepStrictEqual(value, ROWS[name].default);
    const resource = new CfnResource(this, 'Resource', {
      type: 'Custom::AmplifyJob',
      properties: {
        ServiceToken: provider.serviceToken,
        ServiceTimeout: seconds + SECONDS_TO_ANSWER,
        ...Object.fromEntries(Object.entries(given).filter(differs)),
      },
    });
    resource.node.addDependency(...(props.executeAfter ?? []));
    const onApp = workOn(arnOfApp(Stack.of(this), place.appId, place.region), [place.knownName], Boolean(files));
    const statements = [place.roleArn ? allow([place.roleArn], 'sts:AssumeRole') : onApp];
    provider.permit(this, resource, [...statements, ...(files?.statements ?? [])]);
    return resource;
  }
}

function checkConstructs(executeAfter: any): void {
  if (!isListOf('node', executeAfter ?? [])) {
    throw new Error(`executeAfter must be a list of constructs, received ${shown(executeAfter)}`);
  }
}

function checkProvider(provider: any, stack: Stack): void {
  if (isGiven(provider) && !has('permit', provider)) {
    const hint = has('provider', provider) ? 'pass its .provider' : 'see AmplifyJobProvider.fromServiceToken';
    throw new Error(`provider must be a provider, received ${shown(provider)}: ${hint}`);
  }
  if (provider instanceof AmplifyJobProvider) {
    const [{ region }, own] = [Stack.of(provider), stack.region];
    if (region !== own && isKnown(region) && isKnown(own)) {
      throw new Error(`provider must be of the Region ${own} of its job, received one of ${region}`);
    }
  }
}
