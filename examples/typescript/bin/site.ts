// What: a CDK app in TypeScript that releases a site, by the provider that the stack "Releases" exports.
// Why: ../lib/amplify-job.ts is a typed construct to copy; it needs no Python.
// How: deploy ../../provider/template.yaml as the stack Releases, then npm ci and npx cdk deploy -c app_id=d1a2b3c4d5e6f7
import { App, CfnOutput, Fn, Stack } from 'aws-cdk-lib';
import { AmplifyJob } from '../lib/amplify-job';

const app = new App();
const stack = new Stack(app, 'Site');

const job = new AmplifyJob(stack, 'Release', {
  provider: {
    serviceToken: Fn.importValue('Releases-ServiceToken'),
    roleName: Fn.importValue('Releases-RoleName'),
    permitted: true, // the app is one of the provider's Apps
  },
  appId: app.node.tryGetContext('app_id') ?? 'd1a2b3c4d5e6f7',
  branchName: 'main',
  triggers: { version: app.node.tryGetContext('version') ?? '1' },
});
new CfnOutput(stack, 'Url', { value: job.branchUrl });
