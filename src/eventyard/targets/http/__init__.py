"""Delivery over HTTP to API destinations: requests, authorisation, limits, and which addresses may be called."""

from eventyard.targets.http.courier import Courier
from eventyard.targets.http.guard import Guard, Network, parse_networks
from eventyard.targets.http.parameters import check_parameters
from eventyard.targets.http.target import HttpTarget

__all__ = ["Courier", "Guard", "HttpTarget", "Network", "check_parameters", "parse_networks"]
