from amplify_local import LocalAws


def test_the_site_is_released(local_aws: LocalAws) -> None:
    deploy = local_aws.cdk("deploy")

    assert deploy.returncode == 0, deploy.stdout
    (job,) = local_aws.amplify.jobs()
    assert job.branch.name == "main"
    assert len(job.sha) == 40
