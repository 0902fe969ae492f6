/** The options of `AmplifyJob`, and the words of those that take one of a few. */

import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ISource } from 'aws-cdk-lib/aws-s3-deployment';
import { IConstruct } from 'constructs';
import { Branch } from './branch';
import { Commit } from './commit';
import { ROWS } from './contract';
import { IAmplifyJobProvider } from './provider-interface';
import { SmokeTest } from './smoke-test';

/**
 * What a job does.
 *
 * https://docs.aws.amazon.com/amplify/latest/APIReference/API_StartJob.html
 */
export enum JobType {
  /** Build commitId, or the newest commit of the branch, and deploy it. */
  RELEASE = 'RELEASE',
  /** Run an earlier job again, with its commit. */
  RETRY = 'RETRY',
  /** Deploy files; the option sources says which. */
  MANUAL = 'MANUAL',
  /** Build as if a webhook had asked for it. */
  WEB_HOOK = 'WEB_HOOK',
}

/** What to do when the branch already has a pending or running job. */
export enum WhenBusy {
  /** Wait for that job's end, then start. */
  WAIT = 'WAIT',
  /**
   * Stop that job once it runs, then start. A job that another AmplifyJob started in this deployment is not
   * stopped: the function waits for its end.
   */
  STOP = 'STOP',
  /** Start no job, and use the result of that one: if it fails, the deployment fails. */
  JOIN = 'JOIN',
  /** Fail with BRANCH_BUSY. */
  FAIL = 'FAIL',
}

/** What to do when the deployment is rolled back. */
export enum OnRollback {
  /** Release the previous version again. */
  RESTORE = 'RESTORE',
  /** Leave the site as it is. */
  IGNORE = 'IGNORE',
}

/** The options of `AmplifyJob`. Give `branch`, or `appId` and `branchName`; all others may be left out. */
export interface AmplifyJobProps {
  /**
   * The branch: a CfnBranch, an IBranchRef, or a Branch of the aws-amplify-alpha module. The job starts again
   * when the environment variables, the build spec, the custom headers or the compute role of the branch or its
   * app change, if this stack defines them.
   *
   * @default - appId and branchName say it
   */
  readonly branch?: Branch;
  /** The ID of the Amplify app, at most 20 characters. @default - branch says it */
  readonly appId?: string;
  /** The name of the branch, at most 255 characters; slashes stay as they are. @default - branch says it */
  readonly branchName?: string;
  /** What the job does. @default JobType.RELEASE, with sources JobType.MANUAL */
  readonly jobType?: JobType;
  /** The ID of the job to run again, at most 255 characters; for RETRY, which needs it. @default - none */
  readonly jobId?: string;
  /** Why it is started, at most 255 characters. @default - none */
  readonly jobReason?: string;
  /** The commit to build, at most 255 characters. @default - the tip of the branch */
  readonly commitId?: string;
  /** What Amplify shows for it, at most 10,000 characters. @default - the stack's name */
  readonly commitMessage?: string;
  /** When that commit was made. @default - none */
  readonly commitTime?: Date;
  /** These three at once, such as Commit.fromGit(). @default - none */
  readonly commit?: Commit;
  /**
   * Files to deploy instead of a build, for an app without a repository: sources of `aws-s3-deployment`, as
   * `[Source.asset('dist')]`. If two have a file of the same name, the last one wins. The job is then a MANUAL
   * one; it starts again when the files, or values in them, change. Excludes jobId, jobReason, commit and its
   * fields, and verifyCommit.
   *
   * @default - a build
   */
  readonly sources?: ISource[];
  /**
   * Texts in the files of sources, and the values that replace them, as
   * `{ 'https://api.placeholder.invalid': api.url }`: for files that are built before the deployment. The values
   * may be tokens. The texts may not, and have at least 8 characters. The deployment fails if no file holds one of
   * the texts.
   *
   * @default - none
   */
  readonly values?: { [text: string]: string };
  /**
   * Values whose change starts the job again. They may be tokens, such as the URL of an API; the keys may not.
   * Set the branch's variable AMPLIFY_DIFF_DEPLOY to false, or Amplify may cancel the build.
   *
   * @default - none
   */
  readonly triggers?: { [name: string]: string };
  /** What must be deployed before the job starts, besides what other options refer to. @default - none */
  readonly executeAfter?: IConstruct[];
  /** Start again at every deployment: each synthesis has a new template. @default false */
  readonly everyDeploy?: boolean;
  /** Wait for the job's end; otherwise the deployment goes on once the job has started. @default true */
  readonly wait?: boolean;
  /**
   * How long to wait for the branch and the job: 1 to 55 minutes, rounded to seconds. Then the deployment fails,
   * and a job that this resource started is stopped.
   *
   * @default Duration.minutes(45)
   */
  readonly timeout?: Duration;
  /** What to do when the branch has a pending or running job. @default WhenBusy.WAIT */
  readonly whenBusy?: WhenBusy;
  /** What to do when the deployment is rolled back. @default OnRollback.RESTORE */
  readonly onRollback?: OnRollback;
  /** Fail when the log of the build shows another commit than commitId. @default true */
  readonly verifyCommit?: boolean;
  /** A page of the site that must be as wanted before the deployment succeeds. Needs wait. @default - none */
  readonly smokeTest?: SmokeTest;
  /**
   * Lines to quote from the log of the step that failed, 0 to 50. They appear in the events of the stack.
   *
   * @default 10
   */
  readonly failureLogLines?: number;
  /** The Region of the app. @default - the branch's, else the stack's */
  readonly region?: string;
  /**
   * A role that has access to the app. An app of another account needs one; `AmplifyJobRole` makes it.
   *
   * @default - the function's own role
   */
  readonly assumeRole?: iam.IRole;
  /** The external ID that this role requires, 2 to 1,224 characters. @default - none */
  readonly externalId?: string;
  /** The function to use. @default - one for the jobs of the stack */
  readonly provider?: IAmplifyJobProvider;
}

/** The names of the options. */
export const OPTIONS = [
  ...new Set(Object.values(ROWS).map((row) => row.option)),
  ...['commit', 'executeAfter', 'values'],
];
