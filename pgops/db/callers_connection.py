"""The caller's connection: refused where nothing can be asked over it, and left as it was found where something was."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
from psycopg.pq import TransactionStatus

from pgops.approval import refuse_other_target
from pgops.db.identity import database_identity
from pgops.errors import WrongConnectionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.approval import Proposal

AnyConnection: TypeAlias = "psycopg.Connection[Any] | psycopg.AsyncConnection[Any]"


def refuse_unfit(conn: psycopg.Connection[Any]) -> None:
    """Raise `WrongConnectionError` where `conn` is no sync connection of psycopg's, is busy, or its transaction failed.

    One that is lost or closed is psycopg's to name, once it is used.
    """
    if not isinstance(conn, psycopg.Connection):
        raise WrongConnectionError(
            f"This was handed to a call that asks over a psycopg.Connection: {type(conn).__name__}.",
            cure="Open one with pgops.connect; there is no async form of this call.",
        )
    refuse_busy(conn)
    if conn.info.transaction_status == TransactionStatus.INERROR:
        raise WrongConnectionError(
            "The connection's transaction has failed, and nothing can be asked in it.", cure="Roll it back first."
        )


def refuse_busy(conn: AnyConnection) -> None:
    """Raise `WrongConnectionError` for a connection that is in pipeline mode or in the middle of a statement."""
    if conn.closed:
        return
    if conn.pgconn.pipeline_status:
        raise WrongConnectionError("The connection is in pipeline mode.", cure="Leave the pipeline block first.")
    if conn.pgconn.transaction_status == TransactionStatus.ACTIVE:
        raise WrongConnectionError(
            "The connection is busy with another statement or a COPY.", cure="Finish it, or use another connection."
        )


def refuse_other_place(proposal: Proposal, conn: psycopg.Connection[Any]) -> None:
    """Raise unless `conn` is where the proposal was made, and free of locks that a session of ours would wait for.

    `StaleProposalError` for another server, database or role, `WrongConnectionError` for an unfit connection, and for
    one in a transaction.
    """
    refuse_unfit(conn)
    if conn.info.transaction_status == TransactionStatus.INTRANS:
        raise WrongConnectionError(
            f"{proposal.title}: this connection is in a transaction, and what it has locked would be waited for by a "
            "session of ours.",
            cure="Commit or roll back first, then apply.",
        )
    with as_found(conn):
        refuse_other_target(proposal, database_identity(conn))


@contextmanager
def as_found(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """What is asked in the block leaves no transaction behind on a connection that had none (autocommit off begins
    one). Raises `WrongConnectionError` for a connection that nothing can be asked over.
    """
    refuse_unfit(conn)
    was_idle = conn.info.transaction_status == TransactionStatus.IDLE
    try:
        yield
    finally:
        now = conn.info.transaction_status
        if was_idle and now in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
            conn.rollback()
