"""Global endpoints: pairs of buses of one name in two regions that events are published to by an id.

It publishes nothing, and watches no health checks: see :meth:`Endpoints.route`.
"""

from eventyard.endpoints.endpoints import Endpoints
from eventyard.endpoints.resources import Endpoint, endpoint_arn

__all__ = ["Endpoint", "Endpoints", "endpoint_arn"]
