// Apps in JavaScript, by the package as it is installed. Those in `configurations.py` are the same ones, by
// their names. node configurations.js OUTPUT FLAGS synthesizes each twice: with and without the feature flags.
const path = require('path');
const cdk = require('aws-cdk-lib');
const amplify = require('aws-cdk-lib/aws-amplify');
const codebuild = require('aws-cdk-lib/aws-codebuild');
const ec2 = require('aws-cdk-lib/aws-ec2');
const iam = require('aws-cdk-lib/aws-iam');
const kms = require('aws-cdk-lib/aws-kms');
const lambda = require('aws-cdk-lib/aws-lambda');
const logs = require('aws-cdk-lib/aws-logs');
const s3 = require('aws-cdk-lib/aws-s3');
const secretsmanager = require('aws-cdk-lib/aws-secretsmanager');
const sqs = require('aws-cdk-lib/aws-sqs');
const ssm = require('aws-cdk-lib/aws-ssm');
const { Source } = require('aws-cdk-lib/aws-s3-deployment');
const alpha = require('@aws-cdk/aws-amplify-alpha');
const { Construct } = require('constructs');
const {
  AmplifyJob,
  AmplifyJobProvider,
  AmplifyJobProviderStack,
  AmplifyJobRole,
  AmplifyJobStack,
  AmplifyJobStage,
  Commit,
  JobType,
  OnRollback,
  WhenBusy,
} = require('cdk-amplify-job');

const [, , OUTPUT, FLAGS, SITE] = process.argv;
const ATTRIBUTES = require('cdk-amplify-job/lambda/amplify_job/attributes.json');
const APP = { appId: 'd1a2b3c4d5e6f7', branchName: 'main' };
const ROLE_ARN = 'arn:aws:iam::210987654321:role/site/releases';
const TOKEN = 'arn:aws:lambda:us-east-1:123456789012:function:provider';
const IRELAND = { account: '123456789012', region: 'eu-west-1' };

const CONFIGURATIONS = {
  one_job(stack) {
    const job = new AmplifyJob(stack, 'Release', APP);
    for (const name of ATTRIBUTES) {
      new cdk.CfnOutput(stack, name, { value: job[name[0].toLowerCase() + name.slice(1)] });
    }
  },

  each_option(stack) {
    new AmplifyJob(stack, 'Job', {
      ...APP,
      jobReason: '🎉'.repeat(255),
      commitId: 'abc1234',
      commitMessage: 'two\nlines 🎉',
      commitTime: new Date('2026-01-02T03:04:05.060+01:00'),
      triggers: { api: 'v1', 2: 'v2' },
      wait: false,
      timeout: cdk.Duration.minutes(20),
      whenBusy: WhenBusy.STOP,
      onRollback: OnRollback.IGNORE,
      verifyCommit: false,
      failureLogLines: 0,
      region: 'eu-central-1',
    });
  },

  each_default(stack) {
    new AmplifyJob(stack, 'Job', {
      ...APP,
      jobType: JobType.RELEASE,
      triggers: {},
      executeAfter: [],
      everyDeploy: false,
      wait: true,
      timeout: cdk.Duration.minutes(45),
      whenBusy: WhenBusy.WAIT,
      onRollback: OnRollback.RESTORE,
      verifyCommit: true,
      smokeTest: { path: '/', status: 200, within: cdk.Duration.minutes(2) },
      failureLogLines: 10,
    });
  },

  job_types(stack) {
    new AmplifyJob(stack, 'Retry', { ...APP, jobType: JobType.RETRY, jobId: '7' });
    new AmplifyJob(stack, 'Webhook', { ...APP, jobType: JobType.WEB_HOOK });
  },

  tokens(stack) {
    const text = new cdk.CfnParameter(stack, 'Anything').valueAsString;
    const number = new cdk.CfnParameter(stack, 'Number', { type: 'Number' }).valueAsNumber;
    new AmplifyJob(stack, 'Job', {
      appId: text,
      branchName: text,
      jobType: text,
      jobId: text,
      jobReason: text,
      commitId: text,
      commitMessage: text,
      triggers: { api: text },
      whenBusy: text,
      onRollback: text,
      failureLogLines: number,
      region: text,
      assumeRole: iam.Role.fromRoleArn(stack, 'Role', text),
      externalId: text,
      smokeTest: { path: `/${text}`, status: number, text },
    });
  },

  known_later(stack) {
    const shop = new cdk.Stack(stack.node.scope, 'Shop', { env: IRELAND });
    new AmplifyJob(shop, 'Job', {
      appId: ssm.StringParameter.valueFromLookup(shop, '/site/app-id'),
      branchName: '{{resolve:ssm:/site/branch}}',
    });
  },

  commits(stack) {
    new AmplifyJob(stack, 'Id', { ...APP, commit: new Commit('abc1234') });
    const time = new Date('2026-01-02T03:04:05Z');
    new AmplifyJob(stack, 'All', { ...APP, commit: new Commit('abc1234', { message: 'fix', time }) });
  },

  a_commit_of_a_build_service(stack) {
    const environ = {
      CI_COMMIT_SHA: '0123456789abcdef0123456789abcdef01234567',
      CI_COMMIT_MESSAGE: '🎉'.repeat(10_001),
      CI_COMMIT_TIMESTAMP: '2026-01-02T03:04:05+01:00',
    };
    new AmplifyJob(stack, 'Job', { ...APP, commit: Commit.fromEnvironment(environ) });
  },

  a_commit_of_git(stack) {
    new AmplifyJob(stack, 'Job', { ...APP, commit: Commit.fromGit(SITE) });
  },

  an_l1_branch(stack) {
    const app = new amplify.CfnApp(stack, 'App', { name: 'shop' });
    const branch = new amplify.CfnBranch(stack, 'Branch', { appId: app.attrAppId, branchName: 'release/機能' });
    new AmplifyJob(stack, 'Job', { branch, triggers: { api: 'v1' } });
  },

  an_l1_branch_of_a_repository(stack) {
    const app = new amplify.CfnApp(stack, 'App', {
      name: 'shop',
      repository: 'https://example.com/shop',
      platform: 'WEB_COMPUTE',
    });
    let branch;
    for (const [name, value] of [['on', 'true'], ['off', 'false']]) {
      branch = new amplify.CfnBranch(stack, name, {
        appId: app.attrAppId,
        branchName: name,
        enableAutoBuild: false,
        environmentVariables: [{ name: 'AMPLIFY_DIFF_DEPLOY', value }],
      });
      new AmplifyJob(branch, 'Job', { branch, triggers: { api: 'v1' } });
    }
    new AmplifyJob(stack, 'Files', { branch, sources: [Source.asset(SITE)] });
  },

  an_alpha_branch(stack) {
    const branch = new alpha.App(stack, 'App', {}).addBranch('main', { autoBuild: false });
    new AmplifyJob(stack, 'Job', { branch });
  },

  build_settings(stack) {
    const queue = new sqs.Queue(stack, 'Queue');
    const app = new amplify.CfnApp(stack, 'App', {
      name: 'site',
      repository: 'https://git.example.com/site',
      buildSpec: 'of the app',
      customHeaders: 'headers',
      computeRoleArn: 'role of the app',
      environmentVariables: [{ name: 'A', value: '1' }],
    });
    const secret = new secretsmanager.Secret(stack, 'Secret').secretValue.unsafeUnwrap();
    const secure = '{{resolve:ssm-secure:/a:1}} and {{resolve:secretsmanager:b}}, {{resolve:ssm:/c}}';
    const condition = new cdk.CfnCondition(stack, 'Always', { expression: cdk.Fn.conditionEquals('a', 'a') });
    const chosen = cdk.Fn.conditionIf(condition.logicalId, { Name: 'C', Value: '1' }, cdk.Aws.NO_VALUE);
    const branch = new amplify.CfnBranch(stack, 'Branch', {
      appId: app.attrAppId,
      branchName: 'main',
      description: 'not built by',
      enableAutoBuild: false,
      computeRoleArn: 'role of the branch',
      environmentVariables: [
        { name: 'QUEUE', value: queue.queueUrl },
        { name: 'SECRET', value: secret },
        { name: 'SECURE', value: secure },
        chosen,
      ],
    });
    new AmplifyJob(stack, 'Job', { branch, triggers: { api: 'v1' } });
    new AmplifyJob(stack, 'Names', { appId: app.attrAppId, branchName: branch.attrBranchName });
    new AmplifyJob(stack, 'Files', { branch, sources: [Source.asset(SITE)] });
    branch.buildSpec = cdk.Fn.sub('${name}', { name: 'x' });
    const elsewhere = new amplify.CfnBranch(new cdk.Stack(stack.node.scope, 'Other'), 'Branch', {
      appId: 'd2',
      branchName: 'main',
      buildSpec: 'of another stack',
    });
    new AmplifyJob(stack, 'Elsewhere', { branch: elsewhere });
  },

  build_settings_that_come_later(stack) {
    const app = new alpha.App(stack, 'App', { buildSpec: codebuild.BuildSpec.fromObject({ version: 1 }) });
    const branch = app.addBranch('main', { autoBuild: false });
    new AmplifyJob(stack, 'Job', { branch });
    branch.addEnvironment('A', '1');
    branch.addEnvironment('AMPLIFY_DIFF_DEPLOY', 'true');
    app.addEnvironment('B', '2');
  },

  a_wrapped_branch(stack) {
    new AmplifyJob(stack, 'Job', { branch: new WrappedBranch(stack) });
  },

  other_branches(stack) {
    const arn = 'arn:aws:amplify:eu-west-1:123456789012:apps/d1a2b3c4d5e6f7/branches/fix/branches/x';
    const token = new cdk.CfnParameter(stack, 'Arn').valueAsString;
    new AmplifyJob(stack, 'Literal', { branch: new NamedBranch(stack, 'B', arn) });
    new AmplifyJob(stack, 'Token', { branch: new NamedBranch(stack, 'T', token) });
  },

  files(stack) {
    const api = new cdk.CfnParameter(stack, 'Api').valueAsString;
    const bucket = new s3.Bucket(stack, 'Bucket', { encryptionKey: new kms.Key(stack, 'Key') });
    new AmplifyJob(stack, 'Job', {
      ...APP,
      sources: [
        Source.asset(SITE),
        Source.jsonData('config.json', { api }, { escape: true }),
        Source.data('robots.txt', 'none'),
        Source.bucket(bucket, 'more.zip'),
        Source.bucket(bucket, 'other.zip'),
      ],
    });
  },

  files_with_values(stack) {
    const api = new cdk.CfnParameter(stack, 'Api').valueAsString;
    const sources = [Source.asset(SITE), Source.data('config.txt', api)];
    const values = { 'https://api.placeholder.invalid': api, '%VERSION%': '1' };
    new AmplifyJob(stack, 'Job', { ...APP, sources, values });
    new AmplifyJob(stack, 'None', { ...APP, sources, values: {} });
  },

  files_without_values(stack) {
    const sources = [Source.asset(SITE), Source.asset(SITE)];
    new AmplifyJob(stack, 'Job', { ...APP, sources, jobType: JobType.MANUAL });
  },

  apps_of_a_provider(stack) {
    const parameter = new cdk.CfnParameter(stack, 'App').valueAsString;
    AmplifyJobProvider.getOrCreate(stack, { appIds: ['d1a2b3c4d5e6f7', 'd2', parameter] });
    new AmplifyJob(stack, 'Known', APP);
    new AmplifyJob(stack, 'Token', { appId: parameter, branchName: 'main', sources: [Source.asset(SITE)] });
    new AmplifyJob(stack, 'Other', { appId: 'd3', branchName: 'main' });
    new AmplifyJob(stack, 'OtherRegion', { ...APP, region: 'eu-north-1' });
  },

  a_shared_provider(stack) {
    const provider = new AmplifyJobProvider(stack, 'Provider', { shared: true, appIds: ['d1a2b3c4d5e6f7'] });
    for (const name of ['Shop', 'Blog']) {
      const other = new cdk.Stack(stack.node.scope, name);
      new AmplifyJob(other, 'Job', { ...APP, provider });
      new AmplifyJob(other, 'Files', { appId: 'd2', branchName: 'main', sources: [Source.asset(SITE)], provider });
    }
  },

  a_provider_of_another_stack(stack) {
    const provider = AmplifyJobProvider.getOrCreate(stack);
    new AmplifyJob(new cdk.Stack(stack.node.scope, 'Shop'), 'Job', { ...APP, provider });
  },

  a_provider_stack(stack) {
    new AmplifyJobProviderStack(stack.node.scope, 'Releases', {
      env: IRELAND,
      stackName: 'releases',
      description: 'releases',
      tags: { team: 'shop' },
      terminationProtection: true,
      appIds: ['d1a2b3c4d5e6f7'],
      ephemeralStorageSize: cdk.Size.gibibytes(2),
    });
  },

  imported_providers(stack) {
    const role = iam.Role.fromRoleName(stack, 'ProviderRole', cdk.Fn.importValue('Releases-RoleName'));
    const options = {
      Role: { role },
      Permitted: { role, permitted: true },
      Unknown: {},
      PermittedUnknown: { permitted: true },
    };
    for (const [name, option] of Object.entries(options)) {
      const provider = AmplifyJobProvider.fromServiceToken(stack, `${name}Provider`, TOKEN, option);
      new AmplifyJob(stack, name, { ...APP, provider });
      // A role with an ID that Python's has not, as it is an ARN there: it is in no template.
      const assumeRole = iam.Role.fromRoleArn(stack, `${name}ToAssume`, ROLE_ARN);
      new AmplifyJob(stack, `${name}Assumed`, { ...APP, provider, assumeRole });
      new AmplifyJob(stack, `${name}Files`, { ...APP, provider, sources: [Source.asset(SITE)] });
    }
  },

  roles_that_take_no_policies(stack) {
    const role = iam.Role.fromRoleArn(stack, 'ProviderRole', ROLE_ARN, { mutable: false });
    AmplifyJobProvider.getOrCreate(stack, { role, appIds: ['d1a2b3c4d5e6f7'] });
    new AmplifyJob(stack, 'Job', APP);
    new AmplifyJob(stack, 'Other', { appId: 'd2', branchName: 'main', sources: [Source.asset(SITE)] });
    const bucket = new s3.Bucket(stack, 'Bucket');
    const key = cdk.Fn.importValue('Key');
    const provider = AmplifyJobProvider.fromServiceToken(stack, 'Imported', TOKEN, { role });
    new AmplifyJob(stack, 'Files', { ...APP, provider, sources: [Source.bucket(bucket, key)] });
  },

  another_account(stack) {
    const web = new cdk.Stack(stack.node.scope, 'Web', { env: { account: '210987654321', region: 'eu-west-1' } });
    new AmplifyJobRole(web, 'Access', {
      appId: 'd1a2b3c4d5e6f7',
      branchNames: ['main', '機能/追加'],
      trustedRoleArn: 'arn:aws:iam::123456789012:role/Releases-*',
      roleName: 'releases',
      region: 'eu-north-1',
      deploysFiles: true,
    });
    const assumeRole = iam.Role.fromRoleArn(stack, 'Role', ROLE_ARN);
    new AmplifyJob(stack, 'Job', { ...APP, assumeRole, externalId: 'shop-42' });
    new AmplifyJob(stack, 'Files', { ...APP, assumeRole, sources: [Source.asset(SITE)] });
  },

  full_roles(stack) {
    const parameter = new cdk.CfnParameter(stack, 'App').valueAsString;
    const appIds = ['d1a2b3c4d5e6f7', parameter];
    const job = (number) =>
      new AmplifyJob(stack, `Job${number}`, { appId: appIds[number % 2], branchName: `b${number}ö機` });
    const role = (number) =>
      new AmplifyJobRole(new cdk.Stack(stack.node.scope, `Web${number}`), 'Access', {
        appId: parameter,
        branchNames: [...Array(number + 1).keys()].map((name) => `a long name of a branch ${name}`),
        trustedRoleArn: ROLE_ARN,
      });
    new cdk.CfnOutput(stack, 'Jobs', { value: figuresOfRefusal(job) });
    new cdk.CfnOutput(stack, 'Branches', { value: figuresOfRefusal(role) });
  },

  a_vpc(stack) {
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
    AmplifyJobProvider.getOrCreate(stack, {
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [new ec2.SecurityGroup(stack, 'Group', { vpc })],
    });
    new AmplifyJob(stack, 'Job', APP);
  },

  provider_options(stack) {
    AmplifyJobProvider.getOrCreate(stack, {
      logRetention: logs.RetentionDays.ONE_WEEK,
      runtime: lambda.Runtime.PYTHON_3_12,
    });
    new AmplifyJob(stack, 'Job', APP);
  },

  a_prescribed_role_and_log(stack) {
    for (const name of ['First', 'Second']) {
      const provider = new AmplifyJobProvider(stack, name, {
        role: iam.Role.fromRoleName(stack, `${name}Role`, 'functions'),
        logGroup: logs.LogGroup.fromLogGroupName(stack, `${name}Logs`, '/site/releases'),
        appIds: ['d1a2b3c4d5e6f7'],
      });
      new AmplifyJob(stack, `${name}Job`, { ...APP, provider });
      new AmplifyJob(stack, `${name}Other`, { appId: 'd2', branchName: 'main', provider });
    }
  },

  a_stack(stack) {
    new AmplifyJobStack(stack.node.scope, 'Release', {
      env: IRELAND,
      stackName: 'release',
      description: 'releases the shop',
      tags: { team: 'shop' },
      terminationProtection: true,
      crossRegionReferences: true,
      notificationArns: ['arn:aws:sns:eu-west-1:123456789012:deploys'],
      permissionsBoundary: cdk.PermissionsBoundary.fromName('boundary'),
      synthesizer: new cdk.DefaultStackSynthesizer({ qualifier: 'shop' }),
      ...APP,
      triggers: { api: 'v1' },
    });
  },

  a_stage(stack) {
    const app = stack.node.scope;
    new AmplifyJobStage(app, 'Production', { env: IRELAND, stageName: 'live', stackName: 'release', ...APP });
    const permissionsBoundary = cdk.PermissionsBoundary.fromName('boundary');
    new AmplifyJobStage(app, 'Staging', { permissionsBoundary, ...APP });
  },

  smoke_tests(stack) {
    const whole = { path: '/health', status: 401, text: 'sign in', within: cdk.Duration.seconds(90) };
    new AmplifyJob(stack, 'Whole', { ...APP, smokeTest: whole });
    new AmplifyJob(stack, 'Default', { ...APP, smokeTest: {} });
    new AmplifyJob(stack, 'Domain', { ...APP, smokeTest: { path: 'https://www.example.com/health' } });
  },

  warnings(stack) {
    new AmplifyJob(stack, 'Preview', { appId: 'd1a2b3c4d5e6f7', branchName: 'pr-7' });
    for (const region of ['eu-wets-1', 'us-gov-west-1', 'xx-nowhere-9', 'us-easst-1', 'ap-sotheast-2']) {
      new AmplifyJob(stack, region, { ...APP, region });
    }
  },

  many_jobs(stack) {
    const queue = new sqs.Queue(stack, 'Queue');
    const parent = new Construct(new Construct(stack, 'A scope whose name is long '.repeat(3)), '機能');
    for (const branchName of ['main', 'feature/a b', '機能/追加']) {
      const job = new AmplifyJob(parent, `Release ${branchName}`.replace('/', '-'), {
        appId: 'd1a2b3c4d5e6f7',
        branchName,
        triggers: { queue: queue.queueArn },
        executeAfter: [queue],
      });
      new cdk.CfnOutput(job, 'Status', { value: job.attribute('Status') });
    }
  },

  every_deploy(stack) {
    new AmplifyJob(stack, 'Job', { ...APP, everyDeploy: true });
  },

  timeouts(stack) {
    for (const milliseconds of [60_000, 90_400, 90_500, 91_500, 90_600, 3_300_000]) {
      new AmplifyJob(stack, `Job${milliseconds}`, { ...APP, timeout: cdk.Duration.millis(milliseconds) });
    }
  },

  an_environment(stack) {
    const shop = new cdk.Stack(stack.node.scope, 'Shop', { env: IRELAND });
    new AmplifyJob(shop, 'Same', { ...APP, region: 'eu-west-1' });
    new AmplifyJob(shop, 'Other', { ...APP, region: 'eu-central-1' });
  },
};

/** The figures in the words that refuse the first one that is too much. */
function figuresOfRefusal(define) {
  for (let number = 0; number < 100; number++) {
    try {
      define(number);
    } catch (error) {
      return [number, ...error.message.match(/[0-9,]+/g)].join(' ');
    }
  }
  throw new Error('it was not refused');
}

/** Any other IBranchRef. */
class NamedBranch extends cdk.Resource {
  constructor(scope, id, branchArn) {
    super(scope, id, { region: 'eu-west-1' });
    this.branchRef = { branchArn };
  }
}

/** An IBranchRef that is made of an L1, under another ID than the default child. */
class WrappedBranch extends cdk.Resource {
  constructor(scope) {
    super(scope, 'Wrapped');
    const names = { appId: 'd2', branchName: 'main' };
    const inner = new amplify.CfnBranch(this, 'Inner', { ...names, buildSpec: 'wrapped' });
    this.branchRef = { branchArn: inner.attrArn };
  }
}

for (const [flags, context] of Object.entries({ none: {}, ours: JSON.parse(FLAGS) })) {
  for (const [name, define] of Object.entries(CONFIGURATIONS)) {
    const app = new cdk.App({ outdir: path.join(OUTPUT, flags, name), analyticsReporting: false, context });
    define(new cdk.Stack(app, 'Site'));
    app.synth();
  }
}
