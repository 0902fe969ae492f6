"""Files that are deployed with their stack, with the real CDK CLI and the real function, read over HTTP."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aws_cdk.aws_s3_deployment import Source
from deployed import Site, calm_sibling, deploy, failing_sibling
from templates import app_with_our_flags, run_program

from amplify_local import LocalAws
from amplify_local.http.server import site_address

ROOT = Path(__file__).parents[2]
SiteMaker = Callable[..., Site]


def page(aws: LocalAws, app_id: str, path: str, branch: str = "main") -> str:
    """What the site answers; the name of its host is for browsers, which know it."""
    address = urlsplit(site_address(aws.amplify_url, app_id, branch))
    request = urllib.request.Request(f"{aws.amplify_url}/{path}", headers={"Host": address.netloc})
    with urllib.request.urlopen(request, timeout=10) as response:
        return str(response.read().decode())


def test_the_example_deploys_its_site_with_the_address_of_its_api(aws: LocalAws, tmp_path: Path) -> None:
    program = "python3 examples/deploy_files.py"
    done = aws.cdk("deploy", "--app", program, "--output", str(tmp_path), cwd=ROOT)
    assert done.returncode == 0, done.stdout

    (app,) = [app for app in aws.amplify.apps() if app.settings["name"] == "site"]
    (stack,) = aws.client("cloudformation").describe_stacks(StackName="DeployFiles")["Stacks"]
    (api,) = [api for api in aws.client("apigatewayv2").get_apis()["Items"] if api["Name"] == "shop"]
    assert stack["Outputs"][0]["OutputValue"] == f"https://main.{app.id}.amplifyapp.com"
    assert json.loads(page(aws, app.id, "config.json")) == {"api": api["ApiEndpoint"]}
    assert "A site deployed with its stack" in page(aws, app.id, "")
    assert page(aws, app.id, "site.js") == (ROOT / "examples/site/site.js").read_text()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        page(aws, app.id, "other.html")


def test_the_bundle_of_vite_calls_the_api_of_its_stack(aws: LocalAws, tmp_path: Path) -> None:
    run_program(ROOT / "examples" / "vite_bundle.py", app_with_our_flags(outdir=str(tmp_path)))
    done = deploy(aws, tmp_path, "ViteBundle")
    assert done.succeeded, done.output

    (app,) = [app for app in aws.amplify.apps() if app.settings["name"] == "orders"]
    (api,) = [api for api in aws.client("apigatewayv2").get_apis()["Items"] if api["Name"] == "orders"]
    (script,) = re.findall('src="/(.*?)"', page(aws, app.id, ""))
    assert f'fetch("{api["ApiEndpoint"]}/orders")' in page(aws, app.id, script)


def test_a_value_that_changes_is_deployed_and_rolled_back_and_one_without_a_place_fails(
    site: SiteMaker, tmp_path: Path
) -> None:
    shop = site("Values")
    shop.aws.amplify.app(shop.app_id).settings["repository"] = ""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("the API is https://api.placeholder.invalid")

    def deploy(api: str, sibling: Callable[..., Any], text: str = "https://api.placeholder.invalid") -> Any:
        return shop.deploy(sibling, sources=[Source.asset(str(tmp_path / "dist"))], values={text: api})

    assert deploy("https://one.example", calm_sibling).succeeded
    assert deploy("https://two.example", calm_sibling).succeeded
    assert page(shop.aws, shop.app_id, "") == "the API is https://two.example"

    assert deploy("https://three.example", failing_sibling).status == "UPDATE_ROLLBACK_COMPLETE"
    assert shop.comes_to(*["MANUAL SUCCEED"] * 4)
    assert page(shop.aws, shop.app_id, "") == "the API is https://two.example"

    misspelt = deploy("https://two.example", calm_sibling, text="https://api.misspelt.invalid")
    assert "VALIDATION_ERROR: no file of the sources holds 'https://api.misspelt.invalid'" in misspelt.output


def test_files_are_deployed_when_they_change_and_rolled_back_when_the_stack_is(
    site: SiteMaker, tmp_path: Path
) -> None:
    shop = site("Files")
    shop.aws.amplify.app(shop.app_id).settings["repository"] = ""

    def deploy(text: str, sibling: Callable[..., Any], *, by_cli: bool = False) -> Any:
        dist = tmp_path / f"dist-{text}"  # the CDK remembers the hash of a folder while a process runs
        dist.mkdir(exist_ok=True)
        (dist / "index.html").write_text(text)
        sources = [Source.asset(str(dist)), Source.data("version.txt", text)]
        return shop.deploy(sibling, by_cli=by_cli, sources=sources)

    first = deploy("one", calm_sibling, by_cli=True)
    assert first.succeeded, first.output
    assert first.outputs["JobType"] == "MANUAL"
    assert first.outputs["JobId"] == "1"
    assert page(shop.aws, shop.app_id, "") == "one"

    assert deploy("one", calm_sibling, by_cli=True).succeeded
    assert shop.jobs == ["MANUAL SUCCEED"]  # nothing has changed

    failed = deploy("two", failing_sibling)
    assert failed.status == "UPDATE_ROLLBACK_COMPLETE", failed.output
    assert shop.comes_to("MANUAL SUCCEED", "MANUAL SUCCEED", "MANUAL SUCCEED")
    assert page(shop.aws, shop.app_id, "") == page(shop.aws, shop.app_id, "version.txt") == "one"

    assert deploy("two", calm_sibling).succeeded
    assert page(shop.aws, shop.app_id, "") == "two"


def test_a_deployment_that_fails_fails_the_stack_with_its_reason(site: SiteMaker, tmp_path: Path) -> None:
    shop = site("FailedFiles")
    shop.aws.amplify.app(shop.app_id).settings["repository"] = ""
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "index.html").write_text("one")
    shop.aws.amplify.next_job(
        branch=(shop.app_id, "main"), outcome="FAILED", status_reason="The zip is not usable."
    )
    failed = shop.deploy(sources=[Source.asset(str(dist))])
    assert not failed.succeeded
    assert "JOB_FAILED: job 1 of branch main" in failed.output
    assert "failed in step DEPLOY: The zip is not usable. Its log ends: " in failed.output
