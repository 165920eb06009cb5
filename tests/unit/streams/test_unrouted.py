"""Records of streams and Firehose pass no router: nobody subscribes to them, so nothing is written down about it."""

from __future__ import annotations

from pathlib import Path

from eventyard.clock import SystemClock
from eventyard.firehose import Destination
from eventyard.server.house import House
from eventyard.settings import Settings
from eventyard.stores.memory import open_memory
from eventyard.streams import Entry

ACCOUNT, REGION = "123456789012", "eu-west-1"


async def test_records_of_streams_pass_no_router(tmp_path: Path) -> None:
    store = await open_memory()
    house = House(store, Settings(dev=True, data=tmp_path), SystemClock())
    await house.start()
    stream = await house.streaming.streams.create(ACCOUNT, REGION, "s", 1)
    await house.streaming.streams.put(stream.arn, [Entry(b"x", "k")])
    destination = Destination(f"arn:aws:iam::{ACCOUNT}:role/r", "bucket", interval=900)
    hose = await house.streaming.hoses.create(ACCOUNT, REGION, "h", destination, {})
    await house.streaming.hoses.put(hose.arn, [b"x"])
    topic = await house.topics.create(ACCOUNT, REGION, "t", {}, {})
    await house.topics.deliver(topic.arn, [("00000000-0000-0000-0000-000000000000", "routed")])
    await house.close()
    known = (await store.progress.load()).keys()
    assert topic.arn in known, "what is routed is written down"
    assert not [name for name in known if ":kinesis:" in name or ":firehose:" in name]
    await store.close()
