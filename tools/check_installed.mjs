// Synthesizes a stack with the npm package that is installed beside this file: part of `make dist`.
import { readFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { AmplifyJob } from 'cdk-amplify-job';

const app = new App({ analyticsReporting: false });
new AmplifyJob(new Stack(app, 'Site'), 'Job', { appId: 'd1a2b3c4d5e6f7', branchName: 'main' });
const resources = Object.keys(app.synth().getStackByName('Site').template.Resources).sort();
const known = Object.keys(JSON.parse(readFileSync('tests/construct/snapshots/one_job.json', 'utf8'))).sort();
if (resources.join() !== known.join()) {
  throw new Error(`the template has ${resources}, not ${known}`);
}
console.log(`cdk-amplify-job from npm synthesizes a stack of ${resources.length} resources`);
