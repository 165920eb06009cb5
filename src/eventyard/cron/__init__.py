"""When a schedule expression is due: ``rate(...)``, ``cron(...)`` and ``at(...)`` in AWS's dialect. Pure: it neither
waits nor fires."""

from eventyard.cron.cron import Cron
from eventyard.cron.expression import At, Expression, Rate, parse_expression
from eventyard.cron.zone import zone_of

__all__ = ["At", "Cron", "Expression", "Rate", "parse_expression", "zone_of"]
