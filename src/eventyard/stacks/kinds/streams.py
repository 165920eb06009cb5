"""The types of Kinesis and of Firehose."""

from __future__ import annotations

import contextlib
from typing import Any

from eventyard.errors import NotFound
from eventyard.stacks.kind import Key, Kind, Properties, State, need
from eventyard.stacks.parameters import convert
from eventyard.stacks.site import Site
from eventyard.stacks.values import canonical, gone

_KINESIS, _FIREHOSE = "kinesis", "firehose"
_HOURS = 24
_EXTENDED = "ExtendedS3Destination"


class _Stream(Kind):
    """What a stream is made of has an operation each."""

    def known(self, site: Site) -> set[str]:
        return {"Name", "ShardCount", "RetentionPeriodHours", "StreamModeDetails", "StreamEncryption", "Tags"}

    def describe(self, site: Site, key: Key) -> dict[str, Any]:
        found = site.call(_KINESIS, self._read, key)["StreamDescriptionSummary"]
        encrypted = {"EncryptionType": found["EncryptionType"], "KeyId": found.get("KeyId")}
        on = found.get("EncryptionType", "NONE") != "NONE"
        return {**found, "ShardCount": found["OpenShardCount"], "StreamEncryption": encrypted if on else None}

    def create(self, site: Site, wanted: Properties) -> Key:
        asked: dict[str, Any] = {"StreamName": str(wanted["Name"])}
        members = site.shape(_KINESIS, self._create).members
        for name in ("ShardCount", "StreamModeDetails", "Tags"):
            if name in wanted:
                asked[name] = convert(members[name], wanted[name], name)
        if "ShardCount" not in asked and "StreamModeDetails" not in asked:
            asked["StreamModeDetails"] = {"StreamMode": "ON_DEMAND"}
        site.call(_KINESIS, self._create, asked)
        key = {"StreamName": asked["StreamName"]}
        self.settle(site, key)
        self._bring(site, key, {}, wanted)
        return key

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        there = self.describe(site, key)
        mode = _mode(wanted)
        if mode != there["StreamModeDetails"]["StreamMode"]:
            asked = {"StreamARN": there["StreamARN"], "StreamModeDetails": {"StreamMode": mode}}
            site.call(_KINESIS, "UpdateStreamMode", asked)
            self.settle(site, key)
        shards = wanted.get("ShardCount")
        if mode == "PROVISIONED" and shards is not None and int(shards) != there["ShardCount"]:
            asked = {**key, "TargetShardCount": int(shards), "ScalingType": "UNIFORM_SCALING"}
            site.call(_KINESIS, "UpdateShardCount", asked)
            self.settle(site, key)
        self._bring(site, key, before, wanted)
        self.tag(site, key, before, wanted)

    def _bring(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        there = self.describe(site, key)
        hours = int(wanted.get("RetentionPeriodHours", _HOURS))
        if hours != there["RetentionPeriodHours"]:
            more = hours > there["RetentionPeriodHours"]
            operation = f"{'Increase' if more else 'Decrease'}StreamRetentionPeriod"
            site.call(_KINESIS, operation, {**key, "RetentionPeriodHours": hours})
            self.settle(site, key)
        encrypted, asked = there["StreamEncryption"], wanted.get("StreamEncryption")
        if canonical(encrypted) != canonical(asked) and (encrypted or asked):
            operation = "StartStreamEncryption" if asked else "StopStreamEncryption"
            site.call(_KINESIS, operation, {**key, **(asked or encrypted)})
            self.settle(site, key)

    def replaces(self, name: str, before: Properties, wanted: Properties) -> bool:
        return name == "Name"


class _Consumer(Kind):
    def known(self, site: Site) -> set[str]:
        return {"ConsumerName", "StreamARN", "Tags"}

    def find(self, site: Site, wanted: Properties) -> Key | None:
        stream, name = wanted.get("StreamARN"), wanted.get("ConsumerName")
        if not isinstance(stream, str) or not isinstance(name, str):
            return None
        try:
            found = site.call(_KINESIS, self._read, {"StreamARN": stream, "ConsumerName": name})
        except NotFound:
            return None
        return {"ConsumerARN": found["ConsumerDescription"]["ConsumerARN"]}

    def create(self, site: Site, wanted: Properties) -> Key:
        asked = {name: str(need(wanted, name, self.type)) for name in ("StreamARN", "ConsumerName")}
        return {"ConsumerARN": site.call(_KINESIS, self._create, asked)["Consumer"]["ConsumerARN"]}


class _Hose(Kind):
    """As far as this server's Firehose goes: files as destination."""

    def known(self, site: Site) -> set[str]:
        encryption = "DeliveryStreamEncryptionConfigurationInput"
        source = "KinesisStreamSourceConfiguration"
        return {"DeliveryStreamName", "DeliveryStreamType", "Tags", f"{_EXTENDED}Configuration", source, encryption}

    def read(self, site: Site, key: Key, asked: frozenset[str] = frozenset()) -> State | None:
        state = super().read(site, key, asked)
        if state is None:
            return None
        found = dict(state.properties)
        if source := found.pop("Source", {}).get("KinesisStreamSourceDescription"):
            found["KinesisStreamSourceConfiguration"] = source
        for each in found.pop("Destinations", ()):
            if extended := each.get(f"{_EXTENDED}Description"):
                backup = extended.get("S3BackupDescription")
                found[f"{_EXTENDED}Configuration"] = {**extended, "S3BackupConfiguration": backup}
        if encryption := found.pop("DeliveryStreamEncryptionConfiguration", None):
            found["DeliveryStreamEncryptionConfigurationInput"] = encryption
        return State(found, state.attributes)

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        name, encryption = f"{_EXTENDED}Configuration", "DeliveryStreamEncryptionConfigurationInput"
        if canonical(before.get(name)) != canonical(wanted.get(name)):
            there = self.describe(site, key)
            given = {("S3BackupUpdate" if k == "S3BackupConfiguration" else k): v for k, v in wanted[name].items()}
            shape = site.shape(_FIREHOSE, self._change).members[f"{_EXTENDED}Update"]
            at = {
                "CurrentDeliveryStreamVersionId": there["VersionId"],
                "DestinationId": there["Destinations"][0]["DestinationId"],
            }
            update = convert(shape, given, name)
            site.call(_FIREHOSE, self._change, {**key, **at, f"{_EXTENDED}Update": update})
        if canonical(before.get(encryption)) != canonical(wanted.get(encryption)):
            on = wanted.get(encryption)
            asked = {**key, "DeliveryStreamEncryptionConfigurationInput": on} if on else key
            operation = "StartDeliveryStreamEncryption" if on else "StopDeliveryStreamEncryption"
            site.call(_FIREHOSE, operation, asked)
            self.settle(site, key)
        self.tag(site, key, before, wanted)

    def replaces(self, name: str, before: Properties, wanted: Properties) -> bool:
        if name == f"{_EXTENDED}Configuration":
            # An update adds and changes; it takes nothing away.
            return gone(canonical(before.get(name)), canonical(wanted.get(name))) or name not in wanted
        return name not in ("Tags", "DeliveryStreamEncryptionConfigurationInput")

    def delete(self, site: Site, key: Key) -> None:
        with contextlib.suppress(NotFound):
            site.call(_FIREHOSE, self._delete, key)


def _mode(wanted: Properties) -> str:
    said = wanted.get("StreamModeDetails")
    if isinstance(said, dict) and "StreamMode" in said:
        return str(said["StreamMode"])
    return "PROVISIONED" if "ShardCount" in wanted else "ON_DEMAND"


KINDS = (
    _Stream(
        "AWS::Kinesis::Stream",
        _KINESIS,
        create="CreateStream",
        read="DescribeStreamSummary",
        change="UpdateShardCount",
        delete="DeleteStream",
        key=("StreamName",),
        attributes={"Ref": "StreamName", "Arn": "StreamARN"},
        name="Name",
        longest=128,
        rename={"Name": "StreamName"},
        status="StreamStatus",
    ),
    _Consumer(
        "AWS::Kinesis::StreamConsumer",
        _KINESIS,
        create="RegisterStreamConsumer",
        read="DescribeStreamConsumer",
        delete="DeregisterStreamConsumer",
        key=("ConsumerARN",),
        attributes={
            "Ref": "ConsumerARN",
            "ConsumerARN": "ConsumerARN",
            "ConsumerName": "ConsumerName",
            "ConsumerStatus": "ConsumerStatus",
            "StreamARN": "StreamARN",
        },
        within="ConsumerDescription",
        status="ConsumerStatus",
        tagged="ConsumerARN",
    ),
    _Hose(
        "AWS::KinesisFirehose::DeliveryStream",
        _FIREHOSE,
        create="CreateDeliveryStream",
        read="DescribeDeliveryStream",
        change="UpdateDestination",
        delete="DeleteDeliveryStream",
        key=("DeliveryStreamName",),
        attributes={"Ref": "DeliveryStreamName", "Arn": "DeliveryStreamARN"},
        name="DeliveryStreamName",
        within="DeliveryStreamDescription",
        status="DeliveryStreamStatus",
        tagged="DeliveryStreamName",
    ),
)
