import { App, CfnOutput, Fn, Stack } from 'aws-cdk-lib';
import { AmplifyJob } from '../lib/amplify-job';

const app = new App();
const stack = new Stack(app, 'Site');

const job = new AmplifyJob(stack, 'Release', {
  serviceToken: Fn.importValue('Releases-ServiceToken'),
  appId: app.node.tryGetContext('app_id') ?? 'd1a2b3c4d5e6f7',
  branchName: 'main',
  triggers: { version: app.node.tryGetContext('version') ?? '1' },
});
new CfnOutput(stack, 'Url', { value: job.branchUrl });
