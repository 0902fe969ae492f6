"""A branch as construct: what a job reads from it, what it refuses, and what it warns of."""

from contextlib import nullcontext
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_amplify_alpha as alpha
from aws_cdk.interfaces import aws_amplify as interfaces
from constructs import IConstruct
from statements_of import hosting, one_job
from templates import new_app, warnings

from cdk_amplify_job import (
    AmplifyJob,
)

APP = "d1a2b3c4d5e6f7"
ROLE_ARN = "arn:aws:iam::210987654321:role/site/releases"


def test_an_l1_branch_gives_app_name_and_dependency(stack: cdk.Stack) -> None:
    _, branch = hosting(stack)
    AmplifyJob(stack, "Job", branch=branch)

    properties = one_job(stack)["Properties"]
    assert (properties["AppId"], properties["BranchName"]) == ("${App.AppId}", "${Branch.BranchName}")


def test_a_branch_of_the_alpha_module_is_its_l1(stack: cdk.Stack) -> None:
    branch = alpha.App(stack, "App").add_branch("main", auto_build=False)
    AmplifyJob(stack, "Job", branch=branch)

    properties = one_job(stack)["Properties"]
    assert properties["AppId"] == "${AppF1B96344.AppId}"
    assert properties["BranchName"] == f"${{{stack.get_logical_id(branch.node.default_child)}.BranchName}}"  # type: ignore[arg-type]


def test_an_imported_branch_of_the_alpha_module_does_not_know_its_app(stack: cdk.Stack) -> None:
    branch = alpha.Branch.from_branch_name(stack, "Branch", "main")

    with pytest.raises(ValueError, match="'Site/Branch' does not know its app: pass app_id and branch_name"):
        AmplifyJob(stack, "Job", branch=branch)


def test_the_name_of_a_branch_construct_is_no_commit(stack: cdk.Stack) -> None:
    _, branch = hosting(stack)
    with pytest.raises(
        ValueError, match="commit_id must be one commit, received 'feature/x': that stays the"
    ):
        AmplifyJob(stack, "Job", branch=branch, commit_id="feature/x")


class NamedBranch(cdk.Resource):
    """Any other IBranchRef."""

    def __init__(self, scope: cdk.Stack, arn: str) -> None:
        super().__init__(scope, "Named", region="eu-west-1")
        self.branch_ref = interfaces.BranchReference(branch_arn=arn)


def test_a_literal_arn_is_split_at_its_first_branches(stack: cdk.Stack) -> None:
    arn = f"arn:aws:amplify:eu-west-1:123456789012:apps/{APP}/branches/fix/branches/x"
    AmplifyJob(stack, "Job", branch=NamedBranch(stack, arn))

    properties = one_job(stack)["Properties"]
    assert properties["AppId"] == APP
    assert properties["BranchName"] == "fix/branches/x"
    assert properties["Region"] == "eu-west-1"


def test_an_arn_by_token_is_split_in_the_deployment(stack: cdk.Stack) -> None:
    arn = cdk.CfnParameter(stack, "Arn").value_as_string
    AmplifyJob(stack, "Job", branch=NamedBranch(stack, arn))

    parts = {"Fn::Split": ["/branches/", "${Arn}"]}
    properties = one_job(stack)["Properties"]
    assert properties["BranchName"] == {"Fn::Select": [1, parts]}
    assert properties["AppId"] == {"Fn::Select": [1, {"Fn::Split": ["/", {"Fn::Select": [0, parts]}]}]}


def test_a_branch_excludes_names(stack: cdk.Stack) -> None:
    _, branch = hosting(stack)

    with pytest.raises(ValueError, match="received app_id='d1a2b3c4d5e6f7' and branch_name=None"):
        AmplifyJob(stack, "Job", branch=branch, app_id=APP)


def test_a_branch_that_builds_by_itself_is_warned_of(stack: cdk.Stack) -> None:
    _, branch = hosting(stack, enable_auto_build=True)
    AmplifyJob(stack, "Job", branch=branch)

    (warning,) = warnings(stack)
    assert "branch 'Site/Branch' builds at every push, and this job builds it once more" in warning


def test_a_release_of_an_app_without_a_repository_is_warned_of(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", branch=alpha.App(stack, "App").add_branch("main", auto_build=False))

    (warning,) = warnings(stack)
    assert "app 'Site/App/Resource' has no repository, and a RELEASE job builds from one" in warning


def test_a_retry_is_not_warned_of_what_releases_meet(stack: cdk.Stack) -> None:
    branch = alpha.App(stack, "App").add_branch("main", auto_build=True)
    AmplifyJob(stack, "Job", branch=branch, job_type="RETRY", job_id="1")

    assert not warnings(stack)


@pytest.mark.parametrize("unset", [True, False])
def test_a_branch_that_does_not_turn_its_auto_build_off_is_warned_of(stack: cdk.Stack, unset: bool) -> None:
    options: dict[str, Any] = {} if unset else {"enable_auto_build": False}
    _, branch = hosting(stack, **options)
    AmplifyJob(stack, "Job", branch=branch)
    assert any("turn its auto-build off" in warning for warning in warnings(stack)) is unset


def test_a_branch_of_another_account_needs_a_role_there() -> None:
    app = new_app()
    there = cdk.Stack(app, "There", env=cdk.Environment(account="210987654321", region="eu-west-1"))
    here = cdk.Stack(app, "Here", env=cdk.Environment(account="123456789012", region="eu-west-1"))
    branch = amplify.CfnBranch(there, "Main", app_id="d1a2b3c4d5e6f7", branch_name="main")

    with pytest.raises(ValueError, match="received one of 210987654321: give a role there as assume_role"):
        AmplifyJob(here, "Job", branch=branch)
    AmplifyJob(here, "WithRole", branch=branch, assume_role=ROLE_ARN)


def test_an_app_is_no_branch(stack: cdk.Stack) -> None:
    app = amplify.CfnApp(stack, "App", name="site")
    for given in (app, alpha.App(stack, "Alpha")):
        with pytest.raises(ValueError, match="branch must be a branch construct, received app 'Site/A"):
            AmplifyJob(stack, f"Job{given.node.id}", branch=given)


@pytest.mark.parametrize(
    ("app_id", "branch_name", "refused"),
    [("d1", "main", True), ("d1", "develop", False), ("d2", "main", False)],
)
def test_a_branch_is_not_released_from_its_own_amplify_build(
    stack: cdk.Stack, monkeypatch: pytest.MonkeyPatch, app_id: str, branch_name: str, refused: bool
) -> None:
    monkeypatch.setenv("AWS_APP_ID", "d1")
    monkeypatch.setenv("AWS_BRANCH", "main")
    branch = amplify.CfnBranch(stack, "Branch", app_id=app_id, branch_name=branch_name)
    for options in ({"app_id": app_id, "branch_name": branch_name}, {"branch": branch}):
        said = f"branch '{branch_name}' of app '{app_id}' must not be released from its own Amplify build"
        expectation = pytest.raises(ValueError, match=said) if refused else nullcontext()
        with expectation:
            AmplifyJob(stack, f"Job{len(options)}", **options)


FALSE = [{"name": "AMPLIFY_DIFF_DEPLOY", "value": "false"}]
TRUE = [{"name": "AMPLIFY_DIFF_DEPLOY", "value": "true"}]
MAY_CANCEL = (
    "Amplify may cancel a build of branch 'Site/Branch' that triggers start, as the repository has not"
)
WILL_SKIP = (
    "branch 'Site/Branch' has AMPLIFY_DIFF_DEPLOY=true, so Amplify skips a build if the repository has"
)


@pytest.mark.parametrize(
    ("of_app", "of_branch", "without_triggers", "with_triggers"),
    [
        (None, None, [], [MAY_CANCEL]),
        (None, [], [], [MAY_CANCEL]),
        (None, [{"name": "OTHER", "value": "false"}], [], [MAY_CANCEL]),
        (None, FALSE, [], []),
        (FALSE, None, [], []),
        (FALSE, TRUE, [WILL_SKIP], [WILL_SKIP]),
        (TRUE, None, [WILL_SKIP], [WILL_SKIP]),
        (TRUE, FALSE, [], []),
    ],
)
def test_a_branch_whose_builds_amplify_may_skip_is_warned_of(
    of_app: Any, of_branch: Any, without_triggers: list[str], with_triggers: list[str]
) -> None:
    for triggers, said in ((None, without_triggers), ({"api": "v1"}, with_triggers)):
        stack = cdk.Stack(new_app(), "Site")
        app = amplify.CfnApp(stack, "App", name="s", repository="https://g/s", environment_variables=of_app)
        branch = amplify.CfnBranch(
            stack,
            "Branch",
            app_id=app.attr_app_id,
            branch_name="main",
            enable_auto_build=False,
            environment_variables=of_branch,
        )
        AmplifyJob(stack, "Job", branch=branch, triggers=triggers)
        assert [warning[: len(MAY_CANCEL)] for warning in warnings(stack)] == [
            text[: len(MAY_CANCEL)] for text in said
        ]


def test_variables_that_only_the_deployment_knows_are_not_warned_of(stack: cdk.Stack) -> None:
    parameter = cdk.CfnParameter(stack, "Diff").value_as_string
    lists: list[Any] = [
        [{"name": "AMPLIFY_DIFF_DEPLOY", "value": parameter}],
        [cdk.Fn.condition_if("Always", {"name": "A", "value": "b"}, cdk.Aws.NO_VALUE)],
        cdk.Fn.condition_if("Always", FALSE, cdk.Aws.NO_VALUE),
    ]
    for number, variables in enumerate(lists):
        branch = amplify.CfnBranch(
            stack,
            f"Branch{number}",
            app_id="d1",
            branch_name=f"b{number}",
            enable_auto_build=False,
            environment_variables=variables,
        )
        AmplifyJob(stack, f"Job{number}", branch=branch, triggers={"api": "v1"})
    assert warnings(stack) == []


@jsii.implements(cdk.IAspect)
class NeverSkipped:
    """Sets the variable on every branch, as a company's rules might."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, amplify.CfnBranch):
            node.environment_variables = FALSE  # type: ignore[assignment]


def test_variables_that_an_aspect_sets_are_known(stack: cdk.Stack) -> None:
    _, branch = hosting(stack, enable_auto_build=False)
    AmplifyJob(stack, "Job", branch=branch, triggers={"api": "v1"})
    cdk.Aspects.of(stack).add(NeverSkipped())
    assert warnings(stack) == []


def test_variables_of_the_alpha_module_that_come_after_the_job_are_known(stack: cdk.Stack) -> None:
    branch = alpha.App(
        stack,
        "App",
        source_code_provider=alpha.GitHubSourceCodeProvider(
            owner="o", repository="r", oauth_token=cdk.SecretValue.unsafe_plain_text("t")
        ),
    ).add_branch("main", auto_build=False)
    AmplifyJob(stack, "Job", branch=branch, triggers={"api": "v1"})
    branch.add_environment("AMPLIFY_DIFF_DEPLOY", "false")
    assert warnings(stack) == []
