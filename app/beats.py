"""Signs of life of the workers, so that a page can say when nobody is there to do the work."""

from datetime import datetime, timedelta

from sqlalchemy import BindParameter, Select, String, delete, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, db, put, utcnow
from app.timing import CLOCKS_APART, scaled

EVERY = timedelta(seconds=5)
ALIVE_FOR = timedelta(seconds=20)
"""A worker not heard of for this long is taken for dead."""
FORGOTTEN_AFTER = timedelta(days=1)


class WorkerBeat(Model):
    """When a worker process was last heard of; written every few seconds."""

    __tablename__ = "worker_beat"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow)


def beat(name: str) -> None:
    """Say that this worker lives."""
    now = utcnow()
    with db.writing() as session:
        session.execute(
            delete(WorkerBeat)
            .where(
                or_(
                    WorkerBeat.seen_at < now - FORGOTTEN_AFTER,
                    WorkerBeat.seen_at > now + CLOCKS_APART,  # it would live on until then
                )
            )
            .execution_options(synchronize_session=False)
        )
        put(session, WorkerBeat, {"name": name}, {"seen_at": now})


def alive_since() -> datetime:
    """A worker that was heard of since then is alive."""
    return utcnow() - scaled(ALIVE_FOR)


def alive_workers(since: BindParameter[datetime] | None = None) -> Select[int]:
    """A query for how many workers were heard of a moment ago, or since what is given to it."""
    is_alive = WorkerBeat.seen_at > (alive_since() if since is None else since)
    return select(func.count(WorkerBeat.name)).where(is_alive)


def count_alive() -> int:
    """How many workers were heard of a moment ago."""
    return db.session.scalar(alive_workers()) or 0


def alive_elsewhere(host: str) -> list[str]:
    """The names of workers on other hosts that were heard of a moment ago."""
    names = db.session.scalars(select(WorkerBeat.name).where(WorkerBeat.seen_at > alive_since()))
    return [name for name in names if name.rpartition("-")[0] != host]


def is_any_worker_alive() -> bool:
    return count_alive() > 0
