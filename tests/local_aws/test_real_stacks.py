"""Stacks as people have them around an Amplify app: with a domain, and with types that no emulator has."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from waiting import eventually

from amplify_local import LocalAws

APP_ID = {"Fn::GetAtt": ["App", "AppId"]}
SHOP: dict[str, Any] = {
    "App": {"Type": "AWS::Amplify::App", "Properties": {"Name": "shop", "Repository": "https://a.example/b"}},
    "Main": {"Type": "AWS::Amplify::Branch", "Properties": {"AppId": APP_ID, "BranchName": "main"}},
    "Domain": {
        "Type": "AWS::Amplify::Domain",
        "Properties": {
            "AppId": APP_ID,
            "DomainName": "shop.example",
            "SubDomainSettings": [
                {"BranchName": {"Fn::GetAtt": ["Main", "BranchName"]}, "Prefix": prefix}
                for prefix in ("", "www")
            ],
        },
    },
    "Firewall": {
        "Type": "AWS::WAFv2::WebACLAssociation",
        "Properties": {"ResourceArn": {"Fn::GetAtt": ["App", "Arn"]}, "WebACLArn": "arn:…"},
    },
    "Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Stages": []}},
}
OUTPUTS = {
    "App": APP_ID,
    "Domain": {"Ref": "Domain"},
    "Status": {"Fn::GetAtt": ["Domain", "DomainStatus"]},
    "Version": {"Fn::GetAtt": ["Pipeline", "Version"]},
}


def test_a_domain_is_real_and_a_placeholder_stands_for_what_is_lacking_with_one_warning(
    aws: LocalAws, tmp_path: Path, write_assembly: Any
) -> None:
    outputs = {name: {"Value": value} for name, value in OUTPUTS.items()}
    assembly = str(write_assembly(tmp_path, {"Resources": SHOP, "Outputs": outputs}))

    deploy = aws.cdk("deploy", "--app", assembly, "--method=direct")
    again = aws.cdk("deploy", "--app", assembly, "--method=direct", "--force")

    assert (deploy.returncode, again.returncode) == (0, 0), deploy.stdout + again.stdout
    warnings = [line for line in deploy.stdout.splitlines() if line.startswith("warning: ")]
    assert warnings == [
        "warning: a placeholder stands for AWS::CodePipeline::Pipeline, with made-up attributes",
        "warning: a placeholder stands for AWS::WAFv2::WebACLAssociation, with made-up attributes",
    ]
    assert "warning: " not in again.stdout
    app_id = deploy.stdout.split("Site.App = ")[1].split()[0]
    arn = f"arn:aws:amplify:us-east-1:000000000000:apps/{app_id}/domains/shop.example"
    for line in ("Status = AVAILABLE", f"Domain = {arn}", "Version = Site-Pipeline-Version"):
        assert f"Site.{line}" in deploy.stdout

    aws.amplify.start(app_id, "main")
    assert eventually(lambda: "commit" in page(aws, "www.shop.example"))
    client = aws.client("amplify")
    found = client.get_domain_association(appId=app_id, domainName="shop.example")["domainAssociation"]
    assert [each["subDomainSetting"]["prefix"] for each in found["subDomains"]] == ["", "www"]
    shown = client.get_branch(appId=app_id, branchName="main")["branch"]
    assert shown["customDomains"] == ["shop.example", "www.shop.example"]

    listed = {"EnvironmentVariables": [{"Name": "API", "Value": "b"}]}
    main = {**SHOP["Main"], "Properties": {**SHOP["Main"]["Properties"], **listed}}
    write_assembly(tmp_path, {"Resources": {**SHOP, "Main": main}, "Outputs": outputs})
    diff = aws.cdk("diff", "--app", assembly).stdout
    assert "[~] AWS::Amplify::Branch Main" in diff
    assert "replaced" not in diff

    without = {name: resource for name, resource in SHOP.items() if name != "Domain"}
    write_assembly(tmp_path, {"Resources": without})
    assert aws.cdk("deploy", "--app", assembly, "--method=direct").returncode == 0
    assert "no such page" in page(aws, "www.shop.example")


def page(aws: LocalAws, host: str) -> str:
    request = urllib.request.Request(aws.amplify_url, headers={"Host": host})
    try:
        with urllib.request.urlopen(request) as response:
            return str(response.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return f"no such page: {error.code}"


def test_a_type_that_nobody_has_stays_an_error(aws: LocalAws, tmp_path: Path, write_assembly: Any) -> None:
    assembly = write_assembly(tmp_path, {"Resources": {"Bucket": {"Type": "AWS::S3::Bukket"}}})

    deploy = aws.cdk("deploy", "--app", str(assembly), "--method=direct")

    assert deploy.returncode == 1
    assert "Template format error: Unrecognized resource types: [AWS::S3::Bukket]" in deploy.stdout
    assert "placeholder" not in deploy.stdout
