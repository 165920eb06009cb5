"""Readers of the files that say what a stack is made of: from text to resources, with a finding for what is not
understood (docs/decisions, numbers 20 and 24). Neither a server nor a network is asked, and no file is opened."""

from eventyard.templates.checks import Result
from eventyard.templates.cloudformation.read import read_cloudformation
from eventyard.templates.kind import FileKind, kind_of
from eventyard.templates.scope import Where
from eventyard.templates.serverless.read import read_serverless
from eventyard.templates.serverless.variables import Given

__all__ = ["FileKind", "Given", "Result", "Where", "kind_of", "read_cloudformation", "read_serverless"]
