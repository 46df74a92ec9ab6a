"""PostgreSQL's grammar as a package: postgast, which is libpg_query. The one place that imports it, so that whoever has
it not is told which extra to install.
"""

from __future__ import annotations

from pgops.errors import MissingExtraError

try:
    import postgast
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped, unused-ignore]
    from postgast import pg_query_pb2 as pb
except ImportError as error:  # pragma: no cover - the extra is installed wherever the suite runs
    raise MissingExtraError(
        "Reading SQL needs PostgreSQL's grammar, the package postgast.", cure="pip install 'pgops[migrations]'"
    ) from error

__all__ = ["DecodeError", "pb", "postgast"]
