"""A CRM that listens and the built-in PBX that talks to it, much faster than life."""

from collections.abc import Iterator

import pytest

from app.pbx.fake import FakePbx
from tests.pbx.crm import Crm, listening


@pytest.fixture
def crm() -> Iterator[Crm]:
    with listening() as crm:
        yield crm


@pytest.fixture
def pbx(crm: Crm) -> Iterator[FakePbx]:
    pbx = FakePbx(crm_url=crm.url, crm_token="crm-key-0001", speed=200)
    pbx.start()
    yield pbx
    pbx.stop()
