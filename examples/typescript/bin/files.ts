// What: a site without a repository, in TypeScript: its files are deployed with the stack, and so is the address of its API.
// Why: a site that the pipeline has built needs no build by Amplify, but it needs what the stack creates.
// How: as site.ts, with npx cdk deploy --app "node build/files.js" -c version=$(git rev-parse HEAD)
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { CfnApp, CfnBranch } from 'aws-cdk-lib/aws-amplify';
import { CfnApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Source } from 'aws-cdk-lib/aws-s3-deployment';
import { AmplifyJob } from 'cdk-amplify-job';

const app = new App();
const stack = new Stack(app, 'DeployFiles');
const version = app.node.tryGetContext('version') ?? 'unknown';

const api = new CfnApi(stack, 'Api', { name: 'shop', protocolType: 'HTTP' });

const site = new CfnApp(stack, 'App', { name: 'site' }); // no repository: Amplify takes files
const branch = new CfnBranch(stack, 'Main', { appId: site.attrAppId, branchName: 'main' });

const job = new AmplifyJob(stack, 'Deploy', {
  branch,
  sources: [
    Source.asset('../site'),
    Source.jsonData('config.json', { api: api.attrApiEndpoint }),
    Source.data('version.txt', version),
  ],
  // The deploy succeeds once the site serves this version, and no earlier one.
  smokeTest: { path: '/version.txt', text: version },
});
new CfnOutput(stack, 'Url', { value: job.branchUrl });
