import { Aws, CustomResource, Duration, Fn, Names, Stack } from 'aws-cdk-lib';
import { CfnPolicy, Role } from 'aws-cdk-lib/aws-iam';
import { ISource } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';

/** The function that does the work, by what its stack exports. */
export interface AmplifyJobProvider {
  /** The ARN of the function, such as `Fn.importValue('Releases-ServiceToken')`. */
  readonly serviceToken: string;
  /** The name of its role, such as `Fn.importValue('Releases-RoleName')`. A policy of the job is attached to it. */
  readonly roleName: string;
  /** Whether it may work on all branches of the app already, by `Apps` or `app_ids`. @default false */
  readonly permitted?: boolean;
}

/** What the job does and how the deployment waits for it: https://docs.aws.amazon.com/amplify/latest/APIReference/API_StartJob.html */
export interface AmplifyJobProps {
  /** The function that does the work. */
  readonly provider: AmplifyJobProvider;
  /** The ID of the Amplify app, at most 20 characters. */
  readonly appId: string;
  /** The name of the branch, without refs/heads/, at most 255 characters. */
  readonly branchName: string;
  /** @default 'RELEASE' */
  readonly jobType?: 'RELEASE' | 'RETRY' | 'WEB_HOOK';
  /** The ID of the job to run again, at most 255 characters; for RETRY. @default - none */
  readonly jobId?: string;
  /** Why the job is started, at most 255 characters. @default - none */
  readonly jobReason?: string;
  /** The commit to build, at most 255 characters; it must be pushed. @default - the newest commit of the branch */
  readonly commitId?: string;
  /** The message of that commit, at most 10,000 characters. @default - none */
  readonly commitMessage?: string;
  /** When that commit was made. @default - none */
  readonly commitTime?: Date;
  /** Strings whose change starts the job again; tokens are allowed. @default - none */
  readonly triggers?: Record<string, string>;
  /** Wait for the end of the job. @default true */
  readonly wait?: boolean;
  /** How long to wait, 1 to 55 minutes. @default Duration.minutes(45) */
  readonly timeout?: Duration;
  /** What to do when the branch has a pending or running job. @default 'WAIT' */
  readonly whenBusy?: 'WAIT' | 'STOP' | 'JOIN' | 'FAIL';
  /** What to do when the deployment is rolled back. @default 'RESTORE' */
  readonly onRollback?: 'RESTORE' | 'IGNORE';
  /** Fail when the log of the build shows another commit than `commitId`. @default true */
  readonly verifyCommit?: boolean;
  /** Files to deploy instead of a build, as `[Source.asset('dist')]`. If two have a file of the same name, the last one wins. @default - a build */
  readonly sources?: ISource[];
  /** A page that must be as wanted after the job: a path such as '/', or an https URL; at most 1,000 characters. @default - the site is not looked at */
  readonly smokeTestPath?: string;
  /** The status of HTTP that it must answer, 200 to 599. @default 200 */
  readonly smokeTestStatus?: number;
  /** What the page must hold, at most 1,000 characters. @default - any text */
  readonly smokeTestText?: string;
  /** How many seconds it may take, 10 to 900. @default 120 */
  readonly smokeTestSeconds?: number;
  /** Lines of the failed step's log to quote, 0 to 50. @default 10 */
  readonly failureLogLines?: number;
  /** The Region of the app. @default - the provider's */
  readonly region?: string;
  /** The ARN of a role with access to the app. @default - the role of the provider */
  readonly assumeRoleArn?: string;
  /** The external ID that this role requires, 2 to 1,224 characters. @default - none */
  readonly externalId?: string;
}

/** Starts a job of an Amplify branch in a deployment, waits for it, and fails the deployment when the job fails. */
export class AmplifyJob extends Construct {
  private readonly resource: CustomResource;

  constructor(scope: Construct, id: string, props: AmplifyJobProps) {
    super(scope, id);
    const { provider, sources, timeout = Duration.minutes(45), commitTime, ...others } = props;
    const named = Object.entries(others).map(([name, value]) => [name[0]!.toUpperCase() + name.slice(1), value]);
    const files = sources && bind(this, provider.roleName, sources);
    this.resource = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::AmplifyJob',
      serviceToken: provider.serviceToken,
      // The function answers within three minutes of the timeout, before CloudFormation gives up.
      serviceTimeout: timeout.plus(Duration.minutes(3)),
      properties: {
        ...Object.fromEntries(named),
        ...files?.properties,
        TimeoutSeconds: timeout.toSeconds(),
        CommitTime: commitTime?.toISOString(),
      },
    });
    const statements = files?.statements ?? [];
    if (props.assumeRoleArn) {
      statements.push(allow([props.assumeRoleArn], 'sts:AssumeRole'));
    } else if (!provider.permitted) {
      statements.push(work(Stack.of(this), props));
    }
    if (!provider.permitted) {
      statements.push(allow([Aws.STACK_ID], 'cloudformation:DescribeStackEvents'));
    }
    if (statements.length > 0) {
      // The UUID of the stack: no other stack on the same role has a policy of that name.
      const uuid = Fn.select(2, Fn.split('/', Aws.STACK_ID));
      const policy = new CfnPolicy(this, 'Policy', {
        policyName: `${Names.uniqueResourceName(this, { maxLength: 80 })}-${uuid}`,
        policyDocument: { Version: '2012-10-17', Statement: statements },
        roles: [provider.roleName],
      });
      this.resource.node.addDependency(policy);
    }
  }

  /** The ID of the job. */
  public get jobId(): string {
    return this.attribute('JobId');
  }

  /** The status of the job: SUCCEED, or CANCELLED if Amplify saw nothing to build; without wait, that at its start. */
  public get status(): string {
    return this.attribute('Status');
  }

  /** The commit that was built, as the log of the build shows it; empty if it shows none. */
  public get builtCommitId(): string {
    return this.attribute('BuiltCommitId');
  }

  /** The address of the branch's site. */
  public get branchUrl(): string {
    return this.attribute('BranchUrl');
  }

  /** Any attribute, by the name that Fn::GetAtt takes. */
  public attribute(name: string): string {
    return this.resource.getAttString(name);
  }
}

/** The files as properties, and what the function must be allowed to read them. */
function bind(scope: Construct, roleName: string, sources: ISource[]) {
  if (sources.length === 0) {
    throw new Error('sources must have an item, received []: for a build leave it out');
  }
  // Immutable, so that it ignores the sources' own grants: they are wider than needed.
  const handlerRole = Role.fromRoleName(scope, 'Reader', roleName, { mutable: false });
  const configs = sources.map((source) => source.bind(scope, { handlerRole }));
  const objects = configs.map(({ bucket, zipObjectKey }) => bucket.arnForObjects(zipObjectKey));
  const keys = configs.flatMap(({ bucket }) => bucket.encryptionKey?.keyArn ?? []);
  return {
    properties: {
      SourceBucketNames: configs.map(({ bucket }) => bucket.bucketName),
      SourceObjectKeys: configs.map(({ zipObjectKey }) => zipObjectKey),
      SourceMarkers: configs.map(({ markers }) => markers ?? {}),
      SourceMarkersConfig: configs.map(({ markersConfig }) => markersConfig ?? {}),
    },
    statements: [allow(objects, 's3:GetObject'), ...(keys.length > 0 ? [allow(keys, 'kms:Decrypt')] : [])],
  };
}

/** All that the job does with its branch. Each action applies to its own kind of resource only. */
function work(stack: Stack, { appId, branchName, region = stack.region, sources }: AmplifyJobProps) {
  const app = `arn:${Aws.PARTITION}:amplify:${region}:${stack.account}:apps/${appId}`;
  // IAM refuses other characters in a policy, and lets ? stand for any one.
  const branch = `${app}/branches/${branchName.replace(/[^\t\n\r\u0020-\u00ff]/gu, '?')}`;
  const below = sources ? ['jobs', 'deployments'] : ['jobs'];
  const build = ['StartJob', 'GetJob', 'StopJob', 'ListJobs', 'GetBranch', 'GetApp'];
  const actions = sources ? [...build, 'CreateDeployment', 'StartDeployment'] : build;
  return allow(
    [app, branch, ...below.map((part) => `${branch}/${part}/*`)],
    ...actions.map((action) => `amplify:${action}`),
  );
}

function allow(resources: string[], ...actions: string[]) {
  return { Effect: 'Allow', Action: actions, Resource: resources };
}
