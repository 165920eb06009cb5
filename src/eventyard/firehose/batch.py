"""The files that some records become: by partition, converted, with what can't be done in files of its own. Decides
nothing about when."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol
from uuid import NAMESPACE_URL, uuid5

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.firehose.columns import NOTHING, Names, widened
from eventyard.firehose.documents import check_content, objects, split
from eventyard.firehose.files import WholeFile
from eventyard.firehose.job import FUNCTION, QUERY, Failure, Job
from eventyard.firehose.parquet import write_rows
from eventyard.firehose.partition import Query
from eventyard.firehose.resources import Conversion
from eventyard.firehose.source import Arrival
from eventyard.firehose.transformation import Refused

#: Quota of a stream (developer guide, "Amazon Data Firehose quota").
_MOST_PARTITIONS = 500
_ROW_GROUP = 10_000


class _Output(Protocol):
    """A file that records are written to."""

    def write(self, data: bytes) -> None:
        """Raises InvalidRequest for a record that the file does not take, and which then is not in it."""
        ...

    def flush(self) -> None: ...
    def finish(self) -> None: ...
    def close(self) -> None: ...


class _Lines:
    """Records as they are, each with the delimiter behind it."""

    def __init__(self, file: WholeFile, delimiter: bytes) -> None:
        self._file = file
        self._delimiter = delimiter
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        self._parts += [data, self._delimiter]

    def flush(self) -> None:
        self._file.write(b"".join(self._parts))
        self._parts.clear()

    def finish(self) -> None:
        self.flush()
        self._file.finish()

    def close(self) -> None:
        self._file.close()


class _Sheet:
    """Rows of a Parquet file, kept as they came until the types of all columns are known."""

    def __init__(self, file: WholeFile, conversion: Conversion) -> None:
        self._file = file
        self._conversion = conversion
        self._names = Names(conversion)
        self._columns = NOTHING
        self._records: list[bytes] = []

    def write(self, data: bytes) -> None:
        columns = self._columns
        try:
            for row in self._rows(data):
                if not row:
                    raise InvalidRequest("The record has no fields.")
                columns = widened(columns, row)
        except RecursionError as error:
            raise InvalidRequest("The record is nested too deeply.") from error
        self._columns = columns
        self._records.append(data)

    def flush(self) -> None:
        pass

    def finish(self) -> None:
        if not self._records:
            return  # nothing fitted: there is no file
        write_rows(self._file.file, self._columns, self._groups(), self._conversion)
        self._file.finish()

    def close(self) -> None:
        self._file.close()

    def _groups(self) -> Iterator[list[dict[str, Any]]]:
        for at in range(0, len(self._records), _ROW_GROUP):
            yield [row for data in self._records[at : at + _ROW_GROUP] for row in self._rows(data)]

    def _rows(self, data: bytes) -> list[dict[str, Any]]:
        return [self._names.row(one) for one in objects(data)]


class Batch:
    """The files of one delivery; there, all of them, after :meth:`finish`. Left without it, those that are not finished
    leave nothing. The same records, begun with the same one, make files of the same names.

    All methods block. ``root``: the directory of the buckets; ``now``: ms."""

    def __init__(self, job: Job, root: Path, now: int) -> None:
        self._job = job
        self._root = root
        self._now = now
        self._query = None if job.query is None else Query(job.query)
        self._outputs: dict[tuple[str, ...], _Output] = {}

    def back_up(self, arrivals: Sequence[Arrival]) -> None:
        """Keep ``arrivals`` as they came, if that is wanted."""
        if self._job.backup_key is not None:
            for arrival in arrivals:
                self._backup(arrival)

    def add(self, arrivals: Sequence[Arrival], refused: Sequence[Refused] = ()) -> None:
        """Write ``arrivals`` where they belong, and those that were ``refused`` before where failures go."""
        for one in refused:
            self._fail("processing-failed", one.code, one.arrival, one.arrival.data, one.message)
        for arrival in arrivals:
            try:
                parts = [arrival.data] if self._job.splitting is None else split(arrival.data, self._job.splitting)
            except InvalidRequest as error:
                self._fail("processing-failed", "RecordDeAggregation.Failed", arrival, arrival.data, error.message)
                continue
            for part in parts:
                self._put(arrival, part)
        for output in self._outputs.values():
            output.flush()

    def finish(self) -> None:
        for output in self._outputs.values():
            output.finish()

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for output in self._outputs.values():
            output.close()

    def _put(self, arrival: Arrival, data: bytes) -> None:
        try:
            check_content(data, self._job.content)
        except InvalidRequest as error:
            self._fail("processing-failed", "InvalidRecordFormat", arrival, data, error.message)
            return
        try:
            found = {} if self._query is None else self._query.keys(data)
            keys = {f"{QUERY}:{name}": value for name, value in found.items()}
            keys |= {f"{FUNCTION}:{name}": value for name, value in arrival.keys.items()}
            output = self._partition(arrival, keys)
        except InvalidRequest as error:
            code = "DynamicPartitioning.MetadataExtractionFailed"
            self._fail("processing-failed", code, arrival, data, error.message)
            return
        try:
            output.write(data)
        except InvalidRequest as error:
            self._fail("format-conversion-failed", "DataFormatConversion.ParseError", arrival, data, error.message)

    def _partition(self, arrival: Arrival, keys: Mapping[str, str]) -> _Output:
        """Where records with these keys go. Raises InvalidRequest for keys that no file can be named after."""
        name = ("", *[text for pair in sorted(keys.items()) for text in pair])
        output = self._outputs.get(name)
        if output is None:
            if sum(not key[0] for key in self._outputs) >= _MOST_PARTITIONS:
                raise InvalidRequest(f"There are more than {_MOST_PARTITIONS} active partitions.")
            job, id = self._job, self._id(arrival, *name)
            key = job.key(arrival.arrived, id, keys)
            if job.conversion is None:
                file = WholeFile(self._root, job.bucket, key, id, job.compression)
                output = _Lines(file, job.delimiter)
            else:
                file = WholeFile(self._root, job.bucket, key, id, "UNCOMPRESSED")
                output = _Sheet(file, job.conversion)
            self._outputs[name] = output
        return output

    def _backup(self, arrival: Arrival) -> None:
        job, output = self._job, self._outputs.get(("backup",))
        if output is None and job.backup_key is not None:
            id = self._id(arrival, "backup")
            key = job.backup_key(arrival.arrived, id)
            file = WholeFile(self._root, job.backup_bucket, key, id, job.backup_compression)
            output = self._outputs["backup",] = _Lines(file, b"")
        if output is not None:
            output.write(arrival.data)

    def _fail(self, failure: Failure, code: str, arrival: Arrival, data: bytes, message: str) -> None:
        """Write a record that can't be delivered where the failures go, and why (developer guide, "Handling errors for
        data format conversion")."""
        job, output = self._job, self._outputs.get((failure,))
        if output is None:
            id = self._id(arrival, failure)
            file = WholeFile(
                self._root, job.error_bucket, job.error_key(failure, arrival.arrived, id), id, "UNCOMPRESSED"
            )
            output = self._outputs[failure,] = _Lines(file, b"\n")
        converting = failure == "format-conversion-failed"
        letter: dict[str, Any] = {
            "attemptsMade": 1,
            "arrivalTimestamp": arrival.arrived,
            "ErrorCode" if converting else "errorCode": code,
            "ErrorMessage" if converting else "errorMessage": message,
            "attemptEndingTimestamp": self._now,
            "rawData": base64.b64encode(data).decode(),
        }
        if arrival.sequence:
            letter["sequenceNumber"] = arrival.sequence
        output.write(msgspec.json.encode(letter))

    def _id(self, arrival: Arrival, *what: str) -> str:
        """The same for the same first record and kind of file."""
        return str(uuid5(NAMESPACE_URL, " ".join([self._job.arn, arrival.id, *filter(None, what)])))
