/**
 * The properties of `Custom::AmplifyJob` that the options give, checked at synthesis.
 *
 * Each function checks one option, or some that belong together. It returns what the template needs, or fails:
 * what was given, and what is allowed. `limits` checks each option by itself.
 */

import { randomBytes } from 'crypto';
import { ISource } from 'aws-cdk-lib/aws-s3-deployment';
import { conflict, shown } from './contract';
import { checked, checkedFlag, checkedSeconds, has, isGiven, isKnown } from './limits';
import { AmplifyJobProps } from './options';
import { Place } from './place';
import { smokeTestProperties } from './smoke-test';

/** By their names. Undefined stands for one that is not given. */
export type Properties = { [property: string]: any };

/** Read and check the properties. */
export function propertiesOf(props: AmplifyJobProps, place: Place): Properties {
  const given = {
    AppId: place.appId,
    BranchName: place.branchName,
    JobType: props.jobType,
    JobId: props.jobId,
    JobReason: props.jobReason,
    ...commitProperties(props),
    Triggers: checkedTriggers(props.triggers),
    Nonce: checkedFlag('everyDeploy', props.everyDeploy) ? randomBytes(8).toString('hex') : undefined,
    Wait: props.wait,
    TimeoutSeconds: checkedSeconds('TimeoutSeconds', props.timeout, 'timeout'),
    WhenBusy: props.whenBusy,
    OnRollback: props.onRollback,
    VerifyCommit: props.verifyCommit,
    ...smokeTestProperties(props.smokeTest),
    FailureLogLines: props.failureLogLines,
    Region: place.region,
    AssumeRoleArn: place.roleArn,
    ExternalId: place.externalId,
  };
  const properties = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, checked(name, value)]));
  checkTogether(properties, place.knownName, props.sources);
  return properties;
}

function commitProperties(props: AmplifyJobProps): Properties {
  const { commit, commitId, commitMessage, commitTime } = props;
  if (!isGiven(commit)) {
    return { CommitId: commitId, CommitMessage: commitMessage, CommitTime: commitTime };
  }
  if (!has('id', commit)) {
    throw new Error(`commit must be a Commit, received ${shown(commit)}: for a SHA use commitId`);
  }
  const also = Object.entries({ commitId, commitMessage, commitTime }).filter(([, value]) => isGiven(value));
  if (also.length > 0) {
    const names = also.map(([name]) => name).join(', ');
    throw new Error(`commit gives these fields, so ${names} must be left out, received both`);
  }
  return { CommitId: commit.id, CommitMessage: commit.message, CommitTime: commit.time };
}

function checkedTriggers(triggers: any): { [name: string]: string } | undefined {
  const names = Object.keys(triggers ?? {});
  const unknown = names.find((name) => !isKnown(name));
  if (unknown !== undefined) {
    throw new Error(`triggers must have keys that are known at synthesis, received ${shown(unknown)}`);
  }
  const checkedOnes = checked('Triggers', triggers);
  return names.length > 0 ? { ...checkedOnes } : undefined;
}

/** The contract's rules about several options. */
function checkTogether(properties: Properties, knownName: string, sources: ISource[] | undefined): void {
  const flaw = conflict({ ...properties, BranchName: knownName, SourceBucketNames: sources }, isKnown);
  if (flaw) {
    throw new Error(flaw);
  }
  if (sources && properties.VerifyCommit !== undefined) {
    throw new Error('sources are deployed without a build, so verifyCommit must be left out');
  }
}
