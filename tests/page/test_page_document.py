"""The page is one file that fetches nothing and runs no script but its own."""

import base64
import hashlib
import json
import re

import pytest
from conftest import CALIBRATED, synthetic_run

from hpopt.page.document import document, report_page
from hpopt.space.dimensions import Categorical, Real
from hpopt.space.space import Space
from hpopt.version import VERSION

HOSTILE = "</script><img src=x onerror=alert(1)>"


def data_of(page):
    [text] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(text)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return report_page([synthetic_run(tmp_path_factory.mktemp("run"), steps=[CALIBRATED])])


def test_the_policy_lets_its_own_scripts_run_and_no_others(page):
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'sha256-" in policy


def test_nothing_is_fetched(page):
    for address in re.findall(r'(?:src|href)="([^"]*)"', page.split("<script>")[0]):
        assert address.startswith(("data:", "#"))


def test_it_is_small(page):
    assert len(page) < 2_000_000


def test_no_text_of_a_run_becomes_markup(tmp_path):
    space = Space([Real("rate", 0, 1, default=0.5), Categorical(HOSTILE, (HOSTILE, "b"), "b")])
    run = synthetic_run(tmp_path, space, score=lambda params, rng: params["rate"], name="x")
    page = report_page([run])
    assert HOSTILE not in page
    assert "onerror=alert" not in page.replace("\\u003e", "").split('id="data">')[0]
    assert HOSTILE in data_of(page)["runs"][0]["trials"][0]["params"]


def test_the_data_come_back_as_they_went_in():
    text = "a<b>&\u2028\u2029 \\u003c </script> ]]> é 漢"
    page = document({"runs": [], "text": text}, title="<title>")
    assert data_of(page)["text"] == text
    assert "<title>&lt;title&gt;</title>" in page


def test_a_thousand_trials_stay_below_six_megabytes(tmp_path):
    curves = {name: [0.123456789] * 100 for name in ("loss", "val_loss", "accuracy", "rate")}
    run = synthetic_run(tmp_path, trials=1000, curves=curves)
    assert len(report_page([run])) < 6_000_000


def test_it_says_which_hpopt_made_it(page):
    assert data_of(page)["hpopt"] == VERSION
