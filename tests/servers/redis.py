"""A Redis server that syncs its file at each write."""

from __future__ import annotations

import redis.asyncio

from tests.servers.server import Server, debian


class Redis(Server):
    @classmethod
    def missing(cls) -> str | None:
        return debian("redis-server", "redis-server")

    def command(self) -> list[str]:
        options: dict[str, object] = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": self.home,
            "appendonly": "yes",
            "save": "",
        }
        options |= {"tls-port": self.tls_port, "tls-cert-file": self.certificate, "tls-key-file": self.key}
        options |= {"tls-ca-cert-file": self.certificate, "tls-auth-clients": "no"}
        options |= {"appendfsync": "always", "requirepass": "secret word"}
        return ["redis-server", *(part for name, value in options.items() for part in (f"--{name}", str(value)))]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def ask(self, *command: str) -> object:
        client = redis.asyncio.Redis(port=self.port, password="secret word", single_connection_client=True)
        try:
            return await client.execute_command(*command)
        finally:
            await client.aclose()

    async def entries(self, stream: str) -> list[dict[bytes, bytes]]:
        client = redis.asyncio.Redis(port=self.port, password="secret word", single_connection_client=True)
        try:
            return [fields for _, fields in await client.xrange(stream)]
        finally:
            await client.aclose()
