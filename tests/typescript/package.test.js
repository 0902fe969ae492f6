// The package in JavaScript. What it refuses: each row of the table for both languages, and what would be ignored
// without a word, as nothing checks types there. Which commit it reads. `test_in_node.py` runs it by `node --test`.
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { App, CfnParameter, Duration, Fn, SecretValue, Stack } = require('aws-cdk-lib');
const { CfnApp, CfnBranch } = require('aws-cdk-lib/aws-amplify');
const { Role } = require('aws-cdk-lib/aws-iam');
const { Runtime } = require('aws-cdk-lib/aws-lambda');
const { LogGroup } = require('aws-cdk-lib/aws-logs');
const { Secret } = require('aws-cdk-lib/aws-secretsmanager');
const { Source } = require('aws-cdk-lib/aws-s3-deployment');
const {
  AmplifyJob,
  AmplifyJobProvider,
  AmplifyJobProviderStack,
  AmplifyJobRole,
  AmplifyJobStack,
  AmplifyJobStage,
  Commit,
  JobType,
  OnRollback,
  WhenBusy,
} = require('cdk-amplify-job');
const TABLE = require('./refused_options.json');

const APP = { appId: 'd1a2b3c4d5e6f7', branchName: 'main' };
const TOKEN = 'arn:aws:lambda:us-east-1:123456789012:function:provider';
const SECRET = SecretValue.secretsManager('token');
const ROLE_ARN = 'arn:aws:iam::210987654321:role/site/releases';
const AUTHOR = ['-c', 'user.name=A', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false'];
const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/** What stands for a value that JSON has not. */
function valueOf(given, stack) {
  const [name, value] = given?.constructor === Object ? Object.entries(given)[0] ?? [] : [];
  switch (name) {
    case 'repeat':
      return value[0].repeat(value[1]);
    case 'Duration':
      return Duration.seconds(value);
    case 'Commit':
      return new Commit(value);
    case 'Role':
      return Role.fromRoleArn(stack, 'Role', value);
    case 'Source':
      return [Source.data(value, '')];
    case 'SmokeTest':
      return named(value, stack);
    default:
      return given ?? undefined;
  }
}

function named(options, stack) {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [camel(name), valueOf(value, stack)]));
}

/** The message that refuses something. */
function refusal(define) {
  try {
    define(new Stack(new App(), 'Site'));
  } catch (error) {
    return error.message;
  }
  return assert.fail('it was not refused');
}

for (const { options, message } of TABLE) {
  test(message, () => {
    const found = refusal((stack) => new AmplifyJob(stack, 'Job', { ...APP, ...named(options, stack) }));
    const expected = camel(message).replaceAll('None', 'undefined').replaceAll('True', 'true');
    assert.ok(found.includes(expected), found);
  });
}

test('a commit of git is the one that is asked for', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'repository-'));
  const git = (...command) => execFileSync('git', ['-C', folder, ...AUTHOR, ...command]);
  git('init', '--quiet');
  for (const message of ['first', 'second']) {
    git('commit', '--quiet', '--allow-empty', '--message', message);
  }
  assert.equal(Commit.fromGit(folder).message, 'second');
  assert.equal(Commit.fromGit(folder, { revision: 'HEAD~1' }).message, 'first');
  rmSync(folder, { recursive: true });
});

test('the words of an option are the members of its enum', () => {
  for (const words of [JobType, OnRollback, WhenBusy]) {
    assert.deepEqual(Object.values(words), Object.keys(words));
  }
});

const job = (options) => (stack) => new AmplifyJob(stack, 'Job', { ...APP, ...options });

/** As in a build of Amplify. */
function inOwnBuild(define) {
  return (stack) => {
    Object.assign(process.env, { AWS_APP_ID: APP.appId, AWS_BRANCH: APP.branchName });
    try {
      define(stack);
    } finally {
      delete process.env.AWS_APP_ID;
      delete process.env.AWS_BRANCH;
    }
  };
}

const inRegion = (stack, region, account = '123456789012') =>
  new Stack(stack.node.root, region + account, { env: { account, region } });

for (const [define, expected] of [
  [inOwnBuild(job({})), "branch 'main' of app 'd1a2b3c4d5e6f7' must not be released from its own Amplify build"],
  [(stack) => job({ provider: AmplifyJobProvider.getOrCreate(inRegion(stack, 'eu-west-1')) })(inRegion(stack, 'eu-north-1')), 'provider must be of the Region eu-north-1 of its job, received one of eu-west-1'],
  [(stack) => AmplifyJobProvider.fromServiceToken(inRegion(stack, 'eu-west-1'), 'P', TOKEN), 'token must be of the Region eu-west-1 of its stack'],
  [(stack) => new AmplifyJob(inRegion(stack, 'eu-west-1'), 'Job', { branch: new CfnBranch(inRegion(stack, 'eu-west-1', '210987654321'), 'B', APP) }), 'branch must be of the account of its job, 123456789012, received one of 210987654321'],
  [(stack) => new AmplifyJobProvider(stack, 'P', { logRetention: 7, logGroup: LogGroup.fromLogGroupName(stack, 'L', 'l') }), 'logRetention is for the log group that is made without logGroup'],
  // An app's ID in the way of Python is not there; without this word, the reason would be a riddle.
  [(stack) => new AmplifyJob(stack, 'Job', { app_id: 'd1', branch_name: 'main' }), 'did you mean appId?'],
  [job({ assumeRole: ROLE_ARN }), `assumeRole must be a role, received '${ROLE_ARN}': for an ARN use Role.fromRoleArn`],
  [job({ smokeTest: '/health' }), "smokeTest must be a SmokeTest, received '/health'"],
  [job({ smokeTest: ['/health'] }), "smokeTest must be a SmokeTest, received [ '/health' ]"],
  [job({ smokeTest: { stauts: 401 } }), 'did you mean status?'],
  [job({ commitTime: '2026-01-02T03:04:05Z' }), "commitTime must be a Date of the years 1 to 9999, received '2026"],
  [job({ commitTime: new Date('yesterday') }), 'received Invalid Date'],
  [job({ commitTime: new Date(8.64e15) }), 'received +275760-09-13T00:00:00.000Z'],
  [job({ commit: { sha: 'abc' } }), "commit must be a Commit, received { sha: 'abc' }: for a SHA use commitId"],
  [job({ timeout: Duration.seconds(Fn.ref('X')) }), 'timeout must be a Duration'],
  [job({ wait: 'true' }), "wait must be true or false, received 'true'"],
  [job({ wait: 1 }), 'wait must be true or false, received 1'],
  [job({ failureLogLines: '10' }), "failureLogLines must be a whole number from 0 to 50, received '10'"],
  [job({ failureLogLines: NaN }), 'received NaN'],
  [job({ triggers: new Map([['api', 'v1']]) }), 'triggers must be a map of strings'],
  [job({ triggers: { api: undefined } }), '{ api: undefined }'],
  [job({ executeAfter: new Set() }), 'executeAfter must be a list of constructs, received Set(0) {}'],
  [(stack) => job({ provider: new AmplifyJobProviderStack(stack.node.root, 'Releases') })(stack), 'pass its .provider'],
  [(stack) => new AmplifyJob(stack, 'Job', { branch: new CfnApp(stack, 'App', { name: 'shop' }) }), "received app 'Site/App'"],
  [(stack) => new AmplifyJobStage(stack.node.root, 'Live', { ...APP, stagename: 'x' }), 'did you mean stageName?'],
  [(stack) => new AmplifyJobProviderStack(stack.node.root, 'Releases', { appids: ['d1'] }), 'did you mean appIds?'],
  [(stack) => new AmplifyJobStack(stack.node.root, 'Release', { ...APP, stackname: 'x' }), 'did you mean stackName?'],
  [(stack) => new AmplifyJobProvider(stack, 'P', { role: ROLE_ARN }), `role must be a role, received '${ROLE_ARN}'`],
  [(stack) => new AmplifyJobProvider(stack, 'P', { vpc: 'vpc-1' }), "vpc must be a VPC, received 'vpc-1'"],
  [(stack) => new AmplifyJobProvider(stack, 'P', { appIds: 'd1' }), "appIds must be a list of different IDs, or be left out, received 'd1'"],
  [(stack) => new AmplifyJobProvider(stack, 'P', { appIds: ['d1', 'd1'] }), 'appIds must be a list of different IDs'],
  [(stack) => new AmplifyJobProvider(stack, 'P', { securityGroups: ['sg-1'] }), 'securityGroups must be a list of security groups'],
  [(stack) => new AmplifyJobProvider(stack, 'P', { runtime: Runtime.PYTHON_3_9 }), 'runtime must be Python 3.10 or newer, received python3.9'],
  [(stack) => new AmplifyJobProvider(stack, 'P', { shared: 'yes' }), "shared must be true or false, known at synthesis, received 'yes'"],
  [(stack) => new AmplifyJobProvider(stack, 'P', { logRetension: 7 }), 'did you mean logRetention?'],
  [(stack) => new AmplifyJobProvider(stack, 'P', { logRetention: 8 }), 'logRetention must be one of logs.RetentionDays, received 8'],
  [(stack) => new AmplifyJobProvider(stack, 'P', { securityGroups: [] }), 'securityGroups is for a function in a VPC, so vpc must be given'],
  [(stack) => new AmplifyJobProvider(stack, 'P', { vpcSubnets: {} }), 'vpcSubnets is for a function in a VPC, so vpc must be given'],
  [job({ commitMessage: SECRET.toString() }), 'commitMessage must hold no reference to a secure value'],
  [job({ commitMessage: `Bearer ${SECRET.unsafeUnwrap()}` }), 'received {{resolve:secretsmanager:…}}'],
  [job({ triggers: { a: SecretValue.ssmSecure('/token', '1').unsafeUnwrap() } }), 'triggers must hold no reference to a secure value'],
  [(stack) => job({ commitMessage: new Secret(stack, 'S').secretValue.unsafeUnwrap() })(stack), 'commitMessage must hold no reference'],
  [job({ sources: [Source.data('a', '')], values: { '12345678': SECRET.unsafeUnwrap() } }), 'values must hold no reference to a secure value'],
  [() => Commit.fromEnvironment({ GITHUB_SHA: 'v1.0' }), "GITHUB_SHA must be the SHA of a commit, received 'v1.0'"],
  [(stack) => [job({})(stack), AmplifyJobProvider.getOrCreate(stack, { shared: true })], 'received shared after it was made'],
  [(stack) => AmplifyJobProvider.fromServiceToken(stack, 'P', 'arn:aws:lambda:x'), 'token must be the ARN of a provider'],
  [(stack) => AmplifyJobProvider.fromServiceToken(stack, 'P', new CfnParameter(stack, 'T').valueAsString, { role: ROLE_ARN }), 'role must be a role'],
  [(stack) => new AmplifyJobRole(stack, 'R', { appId: 'd1', branchNames: 'main', trustedRoleArn: ROLE_ARN }), "branchNames must be a list of names, received 'main'"],
  [(stack) => new AmplifyJobRole(stack, 'R', { appId: 'd1', branchNames: ['main'], trustedRoleArn: 'role' }), 'trustedRoleArn must be the ARN of one role'],
  [() => Commit.fromGit('/'), "no commit could be read from git in '/'"],
  [() => Commit.fromEnvironment({ GITHUB_SHA: '0123456', GITHUB_REF: 'refs/pull/7/merge' }), 'is the merge commit of a request'],
]) {
  test(`in JavaScript: ${expected}`, () => {
    const found = refusal(define);
    assert.ok(found.includes(expected), found);
  });
}
