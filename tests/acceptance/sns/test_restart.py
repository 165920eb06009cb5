"""What a topic has taken survives kill -9: messages, subscriptions, filters, and what it knows of duplicates."""

from __future__ import annotations

from pathlib import Path

from tests.reliability.process import ServerProcess

from .conftest import Account


async def test_published_messages_arrive_after_a_kill(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", module="eventyard")
    account = Account(f"http://127.0.0.1:{server.port}", "123456789012")
    try:
        await server.start()
        topic, queue = account.topic(), account.queue()
        account.subscribe(topic, queue, FilterPolicy='{"n": [1]}', FilterPolicyScope="MessageBody")
        fifo = account.topic("t.fifo", FifoTopic="true", ContentBasedDeduplication="true")
        ordered = account.queue("q.fifo", FifoQueue="true")
        account.subscribe(fifo, ordered, RawMessageDelivery="true")
        for number in range(20):
            account.sns.publish(TopicArn=topic, Message=f'{{"n": 1, "i": {number}}}')
            first = account.sns.publish(TopicArn=fifo, Message=str(number), MessageGroupId="g")
        server.kill()
        await server.start()

        account.sns.publish(TopicArn=topic, Message='{"n": 2}')
        again = account.sns.publish(TopicArn=fifo, Message="19", MessageGroupId="g")
        last = account.sns.publish(TopicArn=fifo, Message="20", MessageGroupId="g")
        assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
        assert last["SequenceNumber"] > first["SequenceNumber"]

        texts: set[str] = set()
        while len(texts) < 20 and (found := account.notifications(queue, 1)):
            texts |= {one["Message"] for one in found}
        assert texts == {f'{{"n": 1, "i": {number}}}' for number in range(20)}
        bodies: list[str] = []
        while len(bodies) < 21 and (more := account.receive(ordered, 21 - len(bodies))):
            bodies += [message["Body"] for message in more]
        assert bodies == [str(number) for number in range(21)]
    finally:
        account.close()
        server.kill()
