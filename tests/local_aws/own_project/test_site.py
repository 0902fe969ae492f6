import subprocess

from amplify_local import LocalAws


def test_the_site_is_released_after_the_api_from_the_commit_that_is_checked_out(local_aws: LocalAws) -> None:
    deploy = local_aws.cdk("deploy")

    assert deploy.returncode == 0, deploy.stdout
    assert [api["Name"] for api in local_aws.client("apigatewayv2").get_apis()["Items"]] == ["shop"]
    (job,) = local_aws.amplify.jobs()
    assert job.branch.name == "main"
    assert job.sha == subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip()
