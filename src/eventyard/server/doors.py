"""The doors of a house: the one file that names the services' APIs."""

from __future__ import annotations

from eventyard.api.events import events_door
from eventyard.api.firehose import firehose_door
from eventyard.api.functions import functions_door
from eventyard.api.kinesis import kinesis_door
from eventyard.api.pipes import pipes_door
from eventyard.api.scheduler import scheduler_door
from eventyard.api.sns import sns_door
from eventyard.api.sqs import sqs_door
from eventyard.api.sts import sts_door
from eventyard.server.house import House
from eventyard.server.mappings import MappingSources
from eventyard.wire import Door


def doors_of(house: House) -> list[Door]:
    """A door for each service. Through them universal targets call, too."""
    streaming = house.streaming
    doors = [
        events_door(
            house.directory,
            house.publisher.publish,
            house.clock,
            supported=house.supports,
            archives=house.archives,
            replays=house.replays,
            connections=house.connections,
            partners=house.partners,
            endpoints=house.endpoints,
            access=house.access,
            plain=house.plain,
            elsewhere=house.outward.targets.elsewhere,
        ),
        house.registry.door(),
        pipes_door(house.pipes, house.clock, house.supports, house.outward.targets.elsewhere),
        scheduler_door(house.schedules, house.clock, house.supports, house.calls, house.outward.targets.elsewhere),
        sns_door(house.topics, house.access.around),
        firehose_door(streaming.hoses, house.clock),
        kinesis_door(
            streaming.streams,
            streaming.reading,
            streaming.queues,
            streaming.channels,
            streaming.commitments,
            house.clock,
            house.dev,
        ),
        functions_door(
            house.functions,
            house.clock,
            house.runs_code,
            house.pipes,
            MappingSources(house.queues, streaming.streams).check,
            house.fitter.results.get,
        ),
        house.logs.door(),
        sqs_door(house.queues, house.moves, house.access.around),
        sts_door(),
    ]
    house.calls.open(doors)
    return doors
