/** What a synthesis warns of, when all is defined. */

import { Annotations, IAspect, Stack } from 'aws-cdk-lib';
import { CfnApp, CfnBranch } from 'aws-cdk-lib/aws-amplify';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { Construct } from 'constructs';
import { appOf, Branch, cfnBranchOf } from './branch';
import { shown } from './contract';
import { closest, isKnown } from './limits';
import { AmplifyJobProps } from './options';
import { Place } from './place';

/** Warnings, by their ID. */
type Texts = { [id: string]: string };

/** The first job of each branch, by its path. */
const BRANCHES = new WeakMap<Stack, Map<string, string>>();

/**
 * The warnings for a job. An aspect comes when the template is made.
 *
 * Earlier, a branch of the alpha module may not be asked for its variables: it would keep them as they are then,
 * and forget those that come later.
 */
export function pitfalls(job: Construct, props: AmplifyJobProps, place: Place, jobType: string): IAspect {
  const branches = BRANCHES.get(Stack.of(job)) ?? new Map<string, string>();
  BRANCHES.set(Stack.of(job), branches);
  const branch = JSON.stringify([place.appId, place.knownName, place.region]);
  const first = branches.get(branch) ?? job.node.path;
  branches.set(branch, first);
  return {
    visit() {
      const texts = pitfallsOf(props, place, jobType);
      if (first !== job.node.path) {
        texts.sameBranch =
          `${shown(first)} is a job for this branch, too. A change that concerns both builds it ` +
          'twice: one job with the triggers of both is enough';
      }
      for (const [name, text] of Object.entries(texts)) {
        Annotations.of(job).addWarningV2(`cdk-amplify-job:${name}`, text);
      }
    },
  };
}

function pitfallsOf(props: AmplifyJobProps, { knownName, region }: Place, jobType: string): Texts {
  const { branch, sources, triggers = {} } = props;
  const isJudged = branch && ['RELEASE', 'MANUAL'].includes(jobType);
  const hasTriggers = Object.keys(triggers).length > 0;
  const pitfalls = isJudged ? pitfallsOfBranch(branch, Boolean(sources), hasTriggers) : {};
  if (jobType === 'RELEASE' && /^pr-[0-9]+$/.test(knownName)) {
    // https://github.com/aws/aws-sdk/issues/653
    pitfalls.preview = `a RELEASE on the preview branch ${knownName} builds the branch of its target`;
  }
  const misspelt = misspeltRegion(region);
  if (misspelt) {
    pitfalls.region = misspelt;
  }
  return pitfalls;
}

/**
 * Return the warnings for a job on a branch construct, by their ID.
 *
 * @param deploysFiles Whether it deploys files; else it is a RELEASE.
 * @param hasTriggers Whether changed values start it again.
 */
function pitfallsOfBranch(branch: Branch, deploysFiles: boolean, hasTriggers: boolean): Texts {
  const cfnBranch = cfnBranchOf(branch);
  if (!cfnBranch) {
    return {};
  }
  const app = appOf(cfnBranch);
  if (deploysFiles) {
    return app ? pitfallsOfFiles(app) : {};
  }
  const pitfalls: Texts = {};
  if (cfnBranch.enableAutoBuild === true || cfnBranch.enableAutoBuild === undefined) {
    pitfalls.autoBuild =
      `branch ${shown(branch.node.path)} builds at every push, and this job builds it once more: ` +
      'turn its auto-build off, by enableAutoBuild: false';
  }
  if (app && !app.repository) {
    pitfalls.noRepository =
      `app ${shown(app.node.path)} has no repository, and a RELEASE job builds from one: ` +
      'to deploy files, use the option sources';
  }
  // https://docs.aws.amazon.com/amplify/latest/userguide/edit-build-settings.html#enable-diff-deploy
  const diffDeploy = diffDeployOf(cfnBranch, app);
  if (diffDeploy === 'true') {
    pitfalls.diffDeploy =
      `branch ${shown(branch.node.path)} has AMPLIFY_DIFF_DEPLOY=true, so Amplify skips a build if the ` +
      'repository has not changed. If a setting or a trigger has, the deploy then fails: set this ' +
      'variable to false';
  } else if (hasTriggers && diffDeploy !== undefined && diffDeploy !== 'false') {
    pitfalls.diffDeploy =
      `Amplify may cancel a build of branch ${shown(branch.node.path)} that triggers start, as the ` +
      "repository has not changed: set the branch's environment variable AMPLIFY_DIFF_DEPLOY to false";
  }
  return pitfalls;
}

/** The variable that makes Amplify skip builds: empty if it is not set, undefined if that is not known here. */
function diffDeployOf(branch: CfnBranch, app: CfnApp | undefined): string | undefined {
  // A variable of the branch overrides that of the app.
  for (const resource of app ? [branch, app] : [branch]) {
    for (const variable of Stack.of(resource).resolve(resource.environmentVariables) ?? []) {
      if (variable?.name === undefined) {
        return undefined; // an intrinsic function: what it becomes is not known here
      }
      if (variable.name === 'AMPLIFY_DIFF_DEPLOY') {
        return typeof variable.value === 'string' ? variable.value : undefined;
      }
    }
  }
  return '';
}

function pitfallsOfFiles(app: CfnApp): Texts {
  const pitfalls: Texts = {};
  if (app.repository) {
    pitfalls.repository =
      `app ${shown(app.node.path)} is connected to a repository, and Amplify then refuses to deploy files`;
  }
  if (app.platform !== undefined && app.platform !== 'WEB') {
    // https://docs.aws.amazon.com/amplify/latest/userguide/manual-deploys.html
    pitfalls.platform =
      `app ${shown(app.node.path)} has the platform ${app.platform}, and Amplify deploys files to WEB only`;
  }
  return pitfalls;
}

/** Return a warning if the Region looks misspelt. No error: the CDK may not know the newest Region. */
function misspeltRegion(region: string | undefined): string | undefined {
  const known = RegionInfo.regions.map((info) => info.name);
  if (region === undefined || !isKnown(region) || known.includes(region)) {
    return undefined;
  }
  const close = closest(region, known);
  return close && `the CDK knows no Region ${region}, did you mean ${close}?`;
}
