"""Delivery over HTTP to API destinations and plain endpoints: requests, authorisation, limits, and which addresses may
be called."""

from eventyard.targets.http.client import Client
from eventyard.targets.http.courier import Courier
from eventyard.targets.http.guard import Guard, Network, parse_networks
from eventyard.targets.http.parameters import check_parameters
from eventyard.targets.http.post import PostTarget
from eventyard.targets.http.target import HttpTarget

__all__ = ["Client", "Courier", "Guard", "HttpTarget", "Network", "PostTarget", "check_parameters", "parse_networks"]
