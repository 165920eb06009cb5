"""Format conversion between AWS's shapes and the firehose room's.

There are no Glue tables here: the types of columns are found in the records of each file. SchemaConfiguration is asked
for as AWS asks for it, kept and answered.
"""

from __future__ import annotations

from typing import Any

from eventyard.api.firehose.words import BAD, unsupported
from eventyard.errors import InvalidRequest
from eventyard.firehose import Conversion

_SCHEMA = ("RoleARN", "DatabaseName", "TableName")


def read_conversion(given: dict[str, Any]) -> Conversion | None:
    """The conversion that a DataFormatConversionConfiguration describes; None for one that is not enabled."""
    # It counts as enabled unless it says otherwise (API reference, DataFormatConversionConfiguration).
    if given.get("Enabled") is False:
        return None
    schema = given.get("SchemaConfiguration") or {}
    missing = [name for name in _SCHEMA if not schema.get(name)]
    if missing:
        raise InvalidRequest(f"SchemaConfiguration must have {', '.join(missing)} when conversion is enabled.", BAD)
    changes = _deserializer((given.get("InputFormatConfiguration") or {}).get("Deserializer") or {})
    changes |= _serializer((given.get("OutputFormatConfiguration") or {}).get("Serializer") or {})
    return Conversion({**given, "Enabled": True}, **changes)


def write_conversion(conversion: Conversion | None) -> dict[str, Any] | None:
    """The DataFormatConversionConfiguration of a destination."""
    return None if conversion is None else conversion.given


def _deserializer(given: dict[str, Any]) -> dict[str, Any]:
    openx, hive = given.get("OpenXJsonSerDe"), given.get("HiveJsonSerDe")
    if (openx is None) == (hive is None):
        raise InvalidRequest("Exactly one of OpenXJsonSerDe and HiveJsonSerDe must be given in Deserializer.", BAD)
    if hive is not None:
        if hive.get("TimestampFormats"):
            raise unsupported("TimestampFormats of HiveJsonSerDe (columns have no timestamps here: they stay text)")
        return {}
    openx = openx or {}
    return {
        "lower": openx.get("CaseInsensitive") is not False,
        "underscores": bool(openx.get("ConvertDotsInJsonKeysToUnderscores")),
        "names": openx.get("ColumnToJsonKeyMappings") or {},
    }


def _serializer(given: dict[str, Any]) -> dict[str, Any]:
    parquet, orc = given.get("ParquetSerDe"), given.get("OrcSerDe")
    if (parquet is None) == (orc is None):
        raise InvalidRequest("Exactly one of ParquetSerDe and OrcSerDe must be given in Serializer.", BAD)
    if parquet is None:
        raise unsupported("OrcSerDe")
    if parquet.get("MaxPaddingBytes"):
        raise unsupported("MaxPaddingBytes of ParquetSerDe")
    changes: dict[str, Any] = {}
    for name, field in (("Compression", "compression"), ("PageSizeBytes", "page"), ("WriterVersion", "version")):
        if parquet.get(name) is not None:
            changes[field] = parquet[name]
    if parquet.get("EnableDictionaryCompression") is not None:
        changes["dictionary"] = parquet["EnableDictionaryCompression"]
    return changes
