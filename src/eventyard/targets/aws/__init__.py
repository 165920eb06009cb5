"""Accounts of AWS, or of anything that speaks AWS's protocols, as places for targets: what is in them is named by AWS's
own ARNs. Requests are made, signed and read by botocore and sent by this server's own HTTP client."""

from eventyard.targets.aws.account import AwsSettings, aws_kind

__all__ = ["AwsSettings", "aws_kind"]
