"""What the table of engines promises to those who read it."""

import subprocess
import sys

import pytest

from hpopt.config.schema import Search, SearchEngine, Stop
from hpopt.errors import ConfigError
from hpopt.search.engines import engine_keys, engine_named, make_searcher
from hpopt.search.skopt_engine import SkoptSearcher


def test_a_key_that_several_engines_have_means_the_same_in_each():
    for key, names in engine_keys().items():
        fields = [engine_named(name).model_fields[key] for name in names]
        assert len({repr(field) for field in fields}) == 1, key


def test_no_engine_takes_a_key_of_the_budget():
    assert not engine_keys().keys() & (Search.model_fields.keys() - SearchEngine.model_fields)
    assert engine_keys().keys() | {"engine"} == SearchEngine.model_fields.keys()
    assert not engine_keys().keys() & Stop.model_fields.keys()


def test_an_engine_is_made_of_its_own_settings():
    search = Search(engine="skopt", acquisition="LCB", base_estimator="RF", grid=7, n_calls=9)
    assert search.of_searcher == {"engine": "skopt", "acquisition": "LCB", "base_estimator": "RF"}
    assert make_searcher(**search.of_searcher).searcher == SkoptSearcher("LCB", 11, "RF")


def test_an_engine_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="there is no engine `gpp`"):
        make_searcher("gpp")


def test_the_grammar_waits_with_what_an_engine_computes_with():
    modules = ["scipy", "skopt", "sklearn", "hpopt.search.bayes"]
    program = f"import sys, hpopt.config.loading; sys.exit(bool({{*{modules}}} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", program], check=True)
