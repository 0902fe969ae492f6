/** What the site must answer before a deployment succeeds. */

import { Duration } from 'aws-cdk-lib';
import { shown } from './contract';
import { checked, checkedSeconds, checkNames, isGiven } from './limits';

/**
 * A page of the site that is requested after the job, until it answers as described here.
 *
 * If the branch has basic auth, its credentials are sent to its own address, and to no other.
 */
export interface SmokeTest {
  /**
   * A path on the branch's own address: one slash, then ASCII characters, no spaces. Or the https URL of the
   * page, such as one of a custom domain, without user and fragment. At most 1,000 characters.
   *
   * @default "/"
   */
  readonly path?: string;
  /** The HTTP status that the page must answer, 200 to 599, after redirects within the site. @default 200 */
  readonly status?: number;
  /** What the page must hold, 1 to 1,000 characters. @default - nothing */
  readonly text?: string;
  /** How long to try, 10 seconds to 15 minutes. The timeout of the job ends it, too. @default Duration.minutes(2) */
  readonly within?: Duration;
}

/** Return the properties of `Custom::AmplifyJob`. */
export function smokeTestProperties(smokeTest: SmokeTest | undefined): { [property: string]: any } {
  if (!isGiven(smokeTest)) {
    return {};
  }
  if (typeof smokeTest !== 'object' || Array.isArray(smokeTest)) {
    throw new Error(`smokeTest must be a SmokeTest, received ${shown(smokeTest)}`);
  }
  checkNames('a SmokeTest', smokeTest, ['path', 'status', 'text', 'within']);
  return {
    SmokeTestPath: checked('SmokeTestPath', smokeTest.path ?? '/', 'path'),
    SmokeTestStatus: checked('SmokeTestStatus', smokeTest.status, 'status'),
    SmokeTestText: checked('SmokeTestText', smokeTest.text, 'text'),
    SmokeTestSeconds: checkedSeconds('SmokeTestSeconds', smokeTest.within, 'within'),
  };
}
