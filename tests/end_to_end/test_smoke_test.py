"""The site is looked at before the deploy succeeds, with the real CDK CLI and the real function."""

from __future__ import annotations

from collections.abc import Callable

import aws_cdk as cdk
from deployed import Site

from cdk_amplify_job import SmokeTest

SiteMaker = Callable[..., Site]


def test_a_site_that_is_not_as_wanted_fails_the_deploy_and_the_previous_version_is_released(
    site: SiteMaker,
) -> None:
    shop = site("Smoke")
    branch = shop.aws.amplify.branch(shop.app_id, "main")
    branch.settings.update(enableBasicAuth=True, basicAuthCredentials="dXNlcjpzZWNyZXQ=")
    assert shop.deploy(smoke_test=SmokeTest(text=branch.tip)).succeeded

    wanted = SmokeTest("/", text="a page that nobody wrote", within=cdk.Duration.seconds(10))
    failed = shop.deploy(smoke_test=wanted, triggers={"version": "2"})

    assert failed.status == "UPDATE_ROLLBACK_COMPLETE", failed.output
    assert (
        f"SITE_CHECK_FAILED: https://main.{shop.app_id}.amplifyapp.com/ answered 200 without" in failed.output
    )
    assert shop.comes_to("RELEASE SUCCEED", "RELEASE SUCCEED", "RELEASE SUCCEED")


def test_a_page_that_is_not_there_fails_the_deploy(site: SiteMaker) -> None:
    shop = site("Smokeless")
    shop.aws.amplify.branch(shop.app_id, "main").settings["customDomains"] = ["www.example.com"]
    page = "https://www.example.com/nothing"
    failed = shop.deploy(smoke_test=SmokeTest(page, within=cdk.Duration.seconds(10)))
    assert f"{page} answered 404, must answer 200: There is no such page." in failed.output
