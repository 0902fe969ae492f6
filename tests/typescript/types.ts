// What the types refuse before anything runs: each line under a directive must be an error, or tsc fails.
// `test_projects.py` compiles it together with the example.
import { App, Duration, Stack } from 'aws-cdk-lib';
import { CfnApp, CfnBranch } from 'aws-cdk-lib/aws-amplify';
import { Source } from 'aws-cdk-lib/aws-s3-deployment';
import {
  AmplifyJob,
  AmplifyJobProps,
  AmplifyJobProvider,
  AmplifyJobRole,
  AmplifyJobStack,
  Commit,
  IAmplifyJobProvider,
  JobType,
  WhenBusy,
} from 'cdk-amplify-job';

const stack = new Stack(new App());
const app = new CfnApp(stack, 'App', { name: 'shop' });
const branch = new CfnBranch(stack, 'Branch', { appId: app.attrAppId, branchName: 'main' });
const provider: IAmplifyJobProvider = AmplifyJobProvider.getOrCreate(stack);

// Allowed.
const most: AmplifyJobProps = {
  branch,
  jobType: JobType.RELEASE,
  commit: Commit.fromGit('.', { revision: 'HEAD' }),
  triggers: { api: 'v1' },
  timeout: Duration.minutes(5),
  whenBusy: WhenBusy.STOP,
  smokeTest: { path: '/', within: Duration.seconds(30) },
  provider,
};
const url: string = new AmplifyJob(stack, 'Job', most).branchUrl;
new AmplifyJobStack(new App(), 'Release', { ...most, stackName: url, env: { region: 'eu-west-1' } });

const refused: AmplifyJobProps[] = [
  // @ts-expect-error: a name is no branch
  { branch: 'main' },
  // @ts-expect-error: an app is no branch
  { branch: app.attrAppId },
  // @ts-expect-error: a misspelt option
  { branch, tiemout: Duration.minutes(5) },
  // @ts-expect-error: the name in Python
  { branch, when_busy: WhenBusy.STOP },
  // @ts-expect-error: a word is a member of its enum
  { branch, whenBusy: 'STOP' },
  // @ts-expect-error: a word of another enum
  { branch, jobType: WhenBusy.STOP },
  // @ts-expect-error: a SHA is no Commit
  { branch, commit: 'abc1234' },
  // @ts-expect-error: a text is no Date
  { branch, commitTime: '2026-01-02T03:04:05Z' },
  // @ts-expect-error: seconds are no Duration
  { branch, timeout: 300 },
  // @ts-expect-error: a path is no smoke test
  { branch, smokeTest: '/health' },
  // @ts-expect-error: a misspelt option of a smoke test
  { branch, smokeTest: { stauts: 200 } },
  // @ts-expect-error: an ARN is no role
  { branch, assumeRole: 'arn:aws:iam::123456789012:role/web' },
  // @ts-expect-error: an ARN is no provider
  { branch, provider: 'arn:aws:lambda:us-east-1:123456789012:function:provider' },
  // @ts-expect-error: a folder is no source
  { branch, sources: ['dist'] },
  // @ts-expect-error: one source is no list
  { branch, sources: Source.asset('dist') },
  // @ts-expect-error: values of triggers are texts
  { branch, triggers: { count: 1 } },
  // @ts-expect-error: a name is no construct
  { branch, executeAfter: ['Api'] },
];
// @ts-expect-error: options do not change
refused[0]!.wait = false;
// @ts-expect-error: no such attribute
new AmplifyJob(stack, 'Wrong', most).url;
// @ts-expect-error: what a role needs
new AmplifyJobRole(stack, 'Role', { appId: 'd1' });
// @ts-expect-error: a misspelt option of a provider
AmplifyJobProvider.getOrCreate(stack, { logRetension: 7 });
// @ts-expect-error: a commit needs its SHA
new Commit();
