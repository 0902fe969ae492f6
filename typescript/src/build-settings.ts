/** What Amplify builds a branch by: the settings of the branch and of its app, whose change starts a job. */

import { CfnResource, IResolvable, IResolveContext, Lazy, Stack } from 'aws-cdk-lib';
import { appOf, Branch, cfnBranchOf } from './branch';

/** The settings by their attributes. A branch has no custom headers. */
const OF_BRANCH = {
  environmentVariables: 'EnvironmentVariables',
  buildSpec: 'BuildSpec',
  computeRoleArn: 'ComputeRoleArn',
};
const HEADERS = { customHeaders: 'CustomHeaders' };

// CloudFormation does not resolve these in a custom resource, and refuses ssm-secure there. The end may be
// missing, where it comes after a token.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
const SECURE = /\{\{(resolve:(?:secretsmanager|ssm-secure):[^{}]*)(?:\}\})?/g;

/**
 * Return the settings by which a job on a branch construct builds, as the property `BuildSettings`.
 *
 * Only what the stack itself defines: of another stack, CloudFormation would refuse to change what is used here.
 * They are read when the template is made, so that what is added later counts.
 *
 * @param deploysFiles Whether the job deploys files. Of the settings, only the app's custom headers then count:
 * https://docs.aws.amazon.com/amplify/latest/userguide/setting-custom-headers.html
 */
export function buildSettingsOf(branch: Branch, stack: Stack, deploysFiles: boolean): IResolvable | undefined {
  const cfnBranch = cfnBranchOf(branch);
  const found: [string, CfnResource | undefined, object][] = [
    ['Branch', cfnBranch, deploysFiles ? {} : OF_BRANCH],
    ['App', cfnBranch && appOf(cfnBranch), deploysFiles ? HEADERS : { ...OF_BRANCH, ...HEADERS }],
  ];
  const here = found.filter(([, resource]) => resource && Stack.of(resource) === stack);
  const settingsOf = (resource: any, settings: object, context: IResolveContext) =>
    Object.entries(settings).map(([attribute, setting]): [string, any] => [
      setting,
      rendered(named(context.resolve(resource[attribute]))),
    ]);
  const produce = (context: IResolveContext) =>
    onlySet(here.map(([name, resource, settings]) => [name, onlySet(settingsOf(resource, settings, context))]));
  return here.length > 0 ? Lazy.uncachedAny({ produce }) : undefined;
}

/** What is set, under CloudFormation's names; undefined if nothing is. */
function onlySet(settings: [string, any][]): { [name: string]: any } | undefined {
  const set = settings.filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value));
  return set.length > 0 ? Object.fromEntries(set) : undefined;
}

/** Give the variables of a list the names of their parts in a template. The CDK's L1s write them small. */
function named(value: any): any {
  const isVariable = (item: any) => Object.keys(item).sort().join() === 'name,value';
  const items = Array.isArray(value) ? value : undefined;
  return items?.map((item) => (isVariable(item) ? { Name: item.name, Value: item.value } : item)) ?? value;
}

/** Take the braces from references to secure values. */
function rendered(value: any): any {
  if (typeof value === 'string') {
    return value.replace(SECURE, '$1');
  }
  if (Array.isArray(value)) {
    return value.map(rendered);
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rendered(item)]));
  }
  return value;
}
