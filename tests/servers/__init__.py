"""Real servers of other systems, each a process of the test's own on a free port, that can be killed and started again.

``make servers`` gets those that are Debian packages; the others come with the development environment. Where one can't
be had, its tests are skipped and say why.
"""

from tests.servers.kafka import Kafka
from tests.servers.nats import Nats
from tests.servers.postgresql import Postgresql
from tests.servers.rabbitmq import Rabbitmq
from tests.servers.redis import Redis
from tests.servers.server import Server

SERVERS: dict[str, type[Server]] = {
    "amqp": Rabbitmq,
    "kafka": Kafka,
    "nats": Nats,
    "postgresql": Postgresql,
    "redis": Redis,
}

__all__ = ["SERVERS", "Kafka", "Nats", "Postgresql", "Rabbitmq", "Redis", "Server"]
