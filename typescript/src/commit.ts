/** The commit that a job reports, read from git or from the variables of a build service. */

import { execFileSync } from 'child_process';
import { ROWS, shown } from './contract';

interface Variables {
  readonly id: string;
  readonly message?: string;
  readonly time?: string;
  /** What tells a merge commit that the service has made for itself, which is on no branch. */
  readonly ref?: string;
  /** The pattern of its value then. */
  readonly merged?: RegExp;
  /** Whether the id may be something else than a commit. */
  readonly mayBeOther?: boolean;
}

const BUILD_SERVICES: Variables[] = [
  // https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
  // It is an S3 version, not a commit, when the source is a bucket.
  { id: 'CODEBUILD_RESOLVED_SOURCE_VERSION', mayBeOther: true },
  // https://docs.github.com/actions/reference/workflows-and-actions/variables
  // A merge queue: https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
  { id: 'GITHUB_SHA', ref: 'GITHUB_REF', merged: /^refs\/(pull|heads\/gh-readonly-queue)\/./ },
  // https://docs.gitlab.com/ci/variables/predefined_variables/
  {
    id: 'CI_COMMIT_SHA',
    message: 'CI_COMMIT_MESSAGE',
    time: 'CI_COMMIT_TIMESTAMP',
    ref: 'CI_MERGE_REQUEST_EVENT_TYPE',
    merged: /^(merged_result|merge_train)$/,
  },
  // https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
  { id: 'BITBUCKET_COMMIT' },
  // https://learn.microsoft.com/azure/devops/pipelines/build/variables
  {
    id: 'BUILD_SOURCEVERSION',
    message: 'BUILD_SOURCEVERSIONMESSAGE',
    ref: 'BUILD_SOURCEBRANCH',
    merged: /^refs\/pull\/./,
  },
];
const SHA = /^[0-9a-f]{7,64}$/;

/** What a `Commit` may say besides its SHA. */
export interface CommitOptions {
  /** Its message, at most 10,000 characters. @default - none */
  readonly message?: string;
  /** When it was committed. @default - none */
  readonly time?: Date;
}

/** What `Commit.fromGit` reads. */
export interface FromGitOptions {
  /** The commit to read, as git names it. @default - what is checked out */
  readonly revision?: string;
}

/** Where `Commit.fromEnvironment` reads. */
export interface FromEnvironmentOptions {
  /** Where git looks. @default - the working directory */
  readonly directory?: string;
}

/** A commit, for the option `commit`. */
export class Commit {
  /**
   * Read a commit of the git repository around a directory.
   *
   * A message that is too long for Amplify is cut. Fails if there is no git, no repository or no such commit.
   *
   * @param directory Any directory of the work tree. Default: the working directory
   */
  public static fromGit(directory: string = '.', options: FromGitOptions = {}): Commit {
    // Whatever the settings of the user's git.
    const plain = ['--format=%H%n%cI%n%B', '--no-show-signature', '--encoding=UTF-8'];
    const command = ['-C', directory, 'log', '-1', ...plain, options.revision ?? 'HEAD', '--'];
    let text: string;
    try {
      text = execFileSync('git', command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 30 });
    } catch (error: any) {
      const reason = (error.stderr || error.message).trim();
      throw new Error(`no commit could be read from git in ${shown(directory)}: ${reason}`);
    }
    const [sha, time, ...message] = text.split('\n');
    return new Commit(sha, { message: cut(message.join('\n').trim()), time: new Date(time) });
  }

  /**
   * Read the commit that a build runs for, else the one that is checked out.
   *
   * Knows CodeBuild, GitHub Actions, GitLab, Bitbucket and Azure Pipelines. What a service does not say of the
   * commit comes from git, if there is a repository. Fails if no variable and no repository names a commit, or a
   * variable that names one holds something else than a SHA. Or if the commit is a merge commit on no branch,
   * which Amplify cannot build: that of a pull request in GitHub Actions or Azure Pipelines, of GitHub's merge
   * queue, of GitLab's merged results or merge trains.
   *
   * @param environ The variables. Default: process.env
   */
  public static fromEnvironment(
    environ: { [name: string]: string } = process.env as { [name: string]: string },
    options: FromEnvironmentOptions = {},
  ): Commit {
    for (const service of BUILD_SERVICES) {
      const sha = environ[service.id] ?? '';
      if (!SHA.test(sha)) {
        if (sha && !service.mayBeOther) {
          throw new Error(`${service.id} must be the SHA of a commit, received ${shown(sha)}`);
        }
        continue;
      }
      const ref = environ[service.ref ?? ''] ?? '';
      if (service.merged?.test(ref)) {
        throw new Error(
          `${service.id} ${sha} is the merge commit of a request that is not merged yet, on no ` +
            `branch (${service.ref} is ${ref}): release from the branch, or name one of its commits`,
        );
      }
      const message = cut(environ[service.message ?? ''] ?? '');
      const time = environ[service.time ?? ''] ? new Date(environ[service.time!]) : undefined;
      const known = message && time ? undefined : readable(options.directory, sha);
      return new Commit(sha, { message: message || known?.message, time: time ?? known?.time });
    }
    try {
      return Commit.fromGit(options.directory);
    } catch (error: any) {
      const lookedFor = BUILD_SERVICES.map((service) => service.id).join(', ');
      throw new Error(`no commit in the variables ${lookedFor}, and ${error.message}`);
    }
  }

  /** Its message. */
  public readonly message?: string;
  /** When it was committed. */
  public readonly time?: Date;

  /**
   * Name a commit.
   *
   * @param id Its SHA, at most 255 characters.
   */
  constructor(
    public readonly id: string,
    options: CommitOptions = {},
  ) {
    this.message = options.message;
    this.time = options.time;
  }
}

function readable(directory: string | undefined, revision: string): Commit | undefined {
  try {
    return Commit.fromGit(directory, { revision });
  } catch {
    return undefined;
  }
}

function cut(message: string): string {
  return [...message].slice(0, ROWS.CommitMessage.most).join('');
}
