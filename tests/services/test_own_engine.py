"""The engines of our own threads: what must not happen when many of them connect at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import event

from app.services.database import own_engine


def test_threads_that_connect_at_once_do_so_one_by_one(tmp_path: Path) -> None:
    engine = own_engine(f"sqlite:///{tmp_path / 'any.db'}")
    inside, most = [0], [0]

    def slowly(*_args: object) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        inside[0] -= 1

    event.listen(engine, "do_connect", slowly)

    def connect(_number: int) -> None:
        with engine.connect():
            pass

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(connect, range(16)))
    assert most == [1]
