"""The site is looked at before the deploy succeeds, with the real function."""

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
    branch.settings["customDomains"] = ["www.example.com"]
    assert shop.deploy(smoke_test=SmokeTest(text=branch.tip)).succeeded

    # The password is for the branch's own address: at this one the page asks for it.
    wanted = SmokeTest("https://www.example.com/", within=cdk.Duration.seconds(10))
    failed = shop.deploy(smoke_test=wanted, triggers={"version": "2"})

    assert failed.status == "UPDATE_ROLLBACK_COMPLETE", failed.output
    assert "SITE_CHECK_FAILED: https://www.example.com/ answered 401, must answer 200" in failed.output
    assert shop.comes_to("RELEASE SUCCEED", "RELEASE SUCCEED", "RELEASE SUCCEED")
