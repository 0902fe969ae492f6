// What: a CDK app in TypeScript that releases a site, and again when the version changes.
// Why: the construct is the one in Python: same options in camel case, same template.
// How: in this folder, npm ci and npx cdk deploy -c app_id=d1a2b3c4d5e6f7 -c version=2
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { AmplifyJob } from 'cdk-amplify-job';

const app = new App();
const stack = new Stack(app, 'Site');

const job = new AmplifyJob(stack, 'Release', {
  appId: app.node.tryGetContext('app_id') ?? 'd1a2b3c4d5e6f7',
  branchName: 'main',
  triggers: { version: app.node.tryGetContext('version') ?? '1' },
});
new CfnOutput(stack, 'Url', { value: job.branchUrl });
