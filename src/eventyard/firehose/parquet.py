"""Writing Parquet, and Zstandard. The only place that knows pyarrow, which is an extra and is loaded when it is needed.

What has no type in Parquet is text: columns that only hold nulls, and objects without fields, which become JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

from eventyard.errors import Broken, Unsupported
from eventyard.firehose.columns import Fields, Listed, Plain, Type
from eventyard.firehose.resources import Conversion

_CODECS = {"UNCOMPRESSED": "none", "SNAPPY": "snappy", "GZIP": "gzip", "ZSTD": "zstd"}


def check_installed(what: str) -> None:
    """Raises Unsupported where pyarrow, which ``what`` needs, is missing."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        message = f"{what} needs pyarrow: install eventyard[parquet] and start the server again."
        raise Unsupported(message) from None


def write_rows(
    file: BinaryIO, columns: Fields, chunks: Iterable[Sequence[dict[str, Any]]], conversion: Conversion
) -> None:
    """Write a whole Parquet file, with a row group for each of ``chunks``, whose rows fit ``columns``. Raises
    Broken."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    settings = {
        "compression": _CODECS[conversion.compression],
        "use_dictionary": conversion.dictionary,
        "data_page_size": conversion.page,
        "data_page_version": "1.0" if conversion.version == "V1" else "2.0",
    }
    try:
        schema = pa.schema([pa.field(name, _arrow(type)) for name, type in columns.fields.items()])
        with pq.ParquetWriter(file, schema, **settings) as writer:
            for rows in chunks:
                try:
                    table = pa.Table.from_pylist(rows, schema=schema)
                except pa.ArrowException:
                    table = pa.Table.from_pylist([_fitted(row, columns) for row in rows], schema=schema)
                writer.write_table(table)
    except pa.ArrowException as error:
        raise Broken(f"A Parquet file can't be written: {error}") from error


def zstandard(data: bytes) -> bytes:
    """``data`` as a frame of Zstandard; frames in a row are a file of that format (RFC 8878, 3)."""
    import pyarrow as pa

    compressed: bytes = pa.Codec("zstd").compress(data, asbytes=True)
    return compressed


def _arrow(type: Type) -> Any:
    import pyarrow as pa

    if isinstance(type, Listed):
        return pa.list_(_arrow(type.of))
    if isinstance(type, Fields) and type.fields:
        return pa.struct([pa.field(name, _arrow(one)) for name, one in type.fields.items()])
    kinds = {"boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64()}
    return kinds.get(type.name, pa.string()) if isinstance(type, Plain) else pa.string()


def _fitted(value: Any, type: Type) -> Any:
    """``value`` as its column takes it: a large whole number as one of floating point, an object without fields as
    text."""
    if value is None:
        return None
    if isinstance(type, Listed):
        return [_fitted(one, type.of) for one in value]
    if isinstance(type, Fields):
        if not type.fields:
            return json.dumps(value)
        return {name: _fitted(one, type.fields[name]) for name, one in value.items()}
    return float(value) if type == Plain("number") else value
