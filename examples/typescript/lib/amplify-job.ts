import { CustomResource, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/** What the job does and how the deployment waits for it: https://docs.aws.amazon.com/amplify/latest/APIReference/API_StartJob.html */
export interface AmplifyJobProps {
  /** The service token of a provider, such as `Fn.importValue('Releases-ServiceToken')`. */
  readonly serviceToken: string;
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
  /** Buckets with zip archives of files to deploy instead of a build, laid over each other. @default - a build */
  readonly sourceBucketNames?: string[];
  /** The key of each archive. @default - a build */
  readonly sourceObjectKeys?: string[];
  /** For each archive, what stands in its files, and the value that replaces it. @default - nothing */
  readonly sourceMarkers?: Record<string, string>[];
  /** For each archive, whether such values stand in strings of JSON. @default - they do not */
  readonly sourceMarkersConfig?: { readonly jsonEscape?: boolean }[];
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
    const { serviceToken, timeout = Duration.minutes(45), commitTime, ...others } = props;
    const named = Object.entries(others).map(([name, value]) => [name[0]!.toUpperCase() + name.slice(1), value]);
    this.resource = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::AmplifyJob',
      serviceToken,
      // The function answers within three minutes of the timeout, before CloudFormation gives up.
      serviceTimeout: timeout.plus(Duration.minutes(3)),
      properties: {
        ...Object.fromEntries(named),
        TimeoutSeconds: timeout.toSeconds(),
        CommitTime: commitTime?.toISOString(),
      },
    });
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
