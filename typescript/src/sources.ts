/** The files that a job deploys: sources of `aws-s3-deployment`, as properties and permissions. */

import * as iam from 'aws-cdk-lib/aws-iam';
import { ISource } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import { isMap, lengthOf, shown } from './contract';
import { checkNoSecret, isGiven, isKnown, isListOf } from './limits';
import { allow, Statement } from './permissions';

const SHORTEST = 8; // a shorter text may be in a file by chance

interface BoundSources {
  /** As `BucketDeployment` names them. */
  readonly properties: { [property: string]: any };
  /** The statements that let the function read them. */
  readonly statements: Statement[];
}

/** Check the option's type: a list of sources, with one at least. */
export function checkSources(sources: any): void {
  if (!isGiven(sources)) {
    return;
  }
  const example = "as [Source.asset('dist')]";
  if (!isListOf('bind', sources)) {
    throw new Error(`sources must be a list of sources, ${example}, received ${shown(sources)}`);
  }
  if (sources.length === 0) {
    throw new Error(`sources must have an item, ${example}, received []: for a build leave it out`);
  }
}

/** Check the option's type: a map of strings, whose texts are long enough; it needs files. */
export function checkValues(values: any, sources: ISource[] | undefined): void {
  if (!isGiven(values)) {
    return;
  }
  const isText = (text: string) => lengthOf(text) >= SHORTEST && isKnown(text);
  if (!isMap(values) || !Object.keys(values).every(isText)) {
    throw new Error(
      `values must be a map of strings, each with a name of at least ${SHORTEST} characters, known at ` +
        `synthesis, such as 'https://api.placeholder.invalid', received ${shown(values)}`,
    );
  }
  for (const value of Object.values(values)) {
    checkNoSecret('values', value);
  }
  if (Object.keys(values).length > 0 && !sources) {
    throw new Error(`values go into the files of sources, so sources must be given, received ${shown(values)}`);
  }
}

/**
 * Bind the sources: their files become assets of the stack.
 *
 * @param values What replaces texts in the files of each source.
 * @param reader The role that reads the sources, one that ignores grants: theirs are wider than needed.
 */
export function bind(
  sources: ISource[],
  values: { [text: string]: string },
  scope: Construct,
  reader: iam.IRole,
): BoundSources {
  const configs = sources.map((source) => source.bind(scope, { handlerRole: reader }));
  const markers = configs.map((config) => ({ ...config.markers, ...values }));
  const escapes = configs.map((config) => Boolean(config.markersConfig?.jsonEscape));
  const properties: { [property: string]: any } = {
    SourceBucketNames: configs.map((config) => config.bucket.bucketName),
    SourceObjectKeys: configs.map((config) => config.zipObjectKey),
  };
  if (markers.some((items) => Object.keys(items).length > 0)) {
    properties.SourceMarkers = markers;
  }
  if (escapes.includes(true)) {
    properties.SourceMarkersConfig = escapes.map((escape) => (escape ? { jsonEscape: true } : {}));
  }
  const objects = configs.map((config) => config.bucket.arnForObjects(config.zipObjectKey));
  const keys = configs.flatMap((config) => config.bucket.encryptionKey?.keyArn ?? []);
  const statements = [allow([...new Set(objects)], 's3:GetObject')];
  if (keys.length > 0) {
    statements.push(allow([...new Set(keys)], 'kms:Decrypt'));
  }
  return { properties, statements };
}
