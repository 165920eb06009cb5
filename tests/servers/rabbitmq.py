"""A RabbitMQ server of one node, with a name server of Erlang's of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import aiormq

from tests.servers.server import Server, free_port

_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # not the one on the PATH, which wants to be its own user


class Rabbitmq(Server):
    user = "rabbitmq"

    @classmethod
    def missing(cls) -> str | None:
        if _PROGRAM.exists():
            return None
        return "There is no RabbitMQ server here: apt-get install rabbitmq-server, or make servers."

    def prepare(self) -> None:
        self._names, self._nodes = free_port(), free_port()
        (self.home / "plugins").write_text("[].")
        (self.home / "conf.config").write_text(
            f'[{{rabbit, [{{ssl_listeners, [{{"127.0.0.1", {self.tls_port}}}]}},'
            f' {{ssl_options, [{{certfile, "{self.certificate}"}}, {{keyfile, "{self.key}"}}]}}]}}].'
        )

    def command(self) -> list[str]:
        return [str(_PROGRAM)]

    def environment(self) -> dict[str, str]:
        return {
            "RABBITMQ_NODENAME": f"eventyard{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._nodes),
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"),
            "RABBITMQ_LOG_BASE": str(self.home),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.home / "conf"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
            "ERL_EPMD_PORT": str(self._names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    def start(self) -> None:
        # Not as a daemon of Erlang's own making, which nobody could end for sure.
        self._epmd = subprocess.Popen(["epmd"], env={**os.environ, **self.environment()}, stderr=subprocess.DEVNULL)
        super().start()

    def kill(self) -> None:
        super().kill()
        self._epmd.kill()
        self._epmd.wait(20)

    @property
    def url(self) -> str:
        return f"amqp://127.0.0.1:{self.port}"

    async def declare(self, queue: str, exchange: str = "", key: str = "") -> None:
        """A durable queue, bound to a durable topic exchange if one is named."""
        connection = await aiormq.connect(f"amqp://guest:guest@127.0.0.1:{self.port}/")
        channel = await connection.channel()
        await channel.queue_declare(queue, durable=True)
        if exchange:
            await channel.exchange_declare(exchange, exchange_type="topic", durable=True)
            await channel.queue_bind(queue, exchange, key)
        await connection.close()

    async def messages(self, queue: str) -> list[aiormq.abc.DeliveredMessage]:
        """All messages in ``queue``, which stay there."""
        connection = await aiormq.connect(f"amqp://guest:guest@127.0.0.1:{self.port}/")
        channel = await connection.channel()
        found = []
        while True:
            one = await channel.basic_get(queue)
            if isinstance(one.delivery, aiormq.spec.Basic.GetEmpty):
                break
            found.append(one)
        await connection.close()
        return found
