"""A server that was not told to run functions takes no code."""

from __future__ import annotations

import json
from pathlib import Path

import boto3

from tests.acceptance.cli.test_cli import running
from tests.acceptance.functions.test_functions import ROLE, zipped
from tests.acceptance.refusal import refused


def test_without_the_option_nobody_can_bring_code(tmp_path: Path) -> None:
    with running("serve", "--port", "0", "--data", str(tmp_path)) as process:
        url = json.loads(process.line_with('"serving"'))["url"]
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        functions = boto3.client("lambda", endpoint_url=url, **keys)
        with refused("AccessDeniedException", "This server runs nobody's code. Start it with --functions to let users "
                     "bring theirs."):  # fmt: skip
            functions.create_function(
                FunctionName="f", Runtime="python3.11", Role=ROLE, Handler="handlers.f", Code={"ZipFile": zipped()}
            )
        functions.close()
        assert not (tmp_path / "functions").exists()
