"""With credentials, the URLs in notifications work for everybody, and nothing else of SNS does."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import boto3
import pytest

from tests.acceptance.cli.test_cli import running
from tests.acceptance.events.endpoints import Endpoints

SECRET = "our-secret-of-some-length"


def test_urls_in_notifications_need_no_signature(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"AKIAOURS": {"secret": SECRET, "account": "111111111111"}}))
    options = ("--port", "0", "--data", str(tmp_path / "data"), "--credentials", str(keys))
    web = Endpoints()
    with running("serve", *options, "--allow-network", "127.0.0.0/8") as process:
        url = json.loads(process.line_with('"serving"'))["url"]
        sns = boto3.client(
            "sns", "us-east-1", endpoint_url=url, aws_access_key_id="AKIAOURS", aws_secret_access_key=SECRET
        )
        topic = sns.create_topic(Name="t")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=web.url + "/hook")
        urllib.request.urlopen(web.wait("/hook")[0].json["SubscribeURL"]).close()
        sns.publish(TopicArn=topic, Message="x")
        document = web.wait("/hook", 2)[1].json
        urllib.request.urlopen(document["SigningCertURL"]).close()
        urllib.request.urlopen(document["UnsubscribeURL"]).close()
        assert sns.list_subscriptions()["Subscriptions"] == []
        with pytest.raises(HTTPError, match="403"):
            urllib.request.urlopen(f"{url}/?Action=DeleteTopic&TopicArn={topic}")
        sns.close()
    web.close()
