import pytest

from hpopt.backend import load_keras
from hpopt.errors import MissingDependency
from hpopt.runs import events
from hpopt.runs.folder import Run
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.space import Space
from hpopt.tracking import tensorboard
from hpopt.tracking.observer import Plan
from hpopt.tracking.tensorboard import TensorBoard

pytestmark = pytest.mark.keras
SPACE = Space(
    [
        Real("learning_rate", 1e-4, 1e-1, "log-uniform"),
        Integer("num_layers", 1, 3),
        Categorical("activation", ("relu", "tanh"), "relu"),
        Categorical("clip", (None, 1, "auto"), None),
        Categorical("layers", ([64, 32], {"a": 1}), [64, 32]),
    ]
)
PARAMS = [
    {
        "learning_rate": 0.01,
        "num_layers": 2,
        "activation": "relu",
        "clip": None,
        "layers": [64, 32],
    },
    {"learning_rate": 0.02, "num_layers": 1, "activation": "tanh", "clip": 1, "layers": {"a": 1}},
]
CURVES = {"loss": [0.9, 0.5, 0.25], "val_loss": [0.8, 0.6, 0.5]}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Run:
    """A run of a trial that finished and one that failed."""
    header = events.Header("0", "accuracy", True, {}, {}, SPACE.to_json())
    run = Run.create(tmp_path_factory.mktemp("tracking"), "it", header)
    observer = TensorBoard()
    observer.begin(run, Plan(2))
    for number, params in enumerate(PARAMS, start=1):
        run.append(events.Started(number, params, seed=0, time="now"))
    run.append(events.Finished(1, -0.75, {"accuracy": 0.75}, [0.75], CURVES, 3, 1.0))
    run.append(events.Failed(2, "the loss became nan"))
    for trial in run.trials():
        observer.ended(trial, run.trials())
    run.close()
    return run


def test_curves_and_metrics_are_scalars_by_epoch(written):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    load_keras()
    from tensorboard.util.tensor_util import make_ndarray

    events = EventAccumulator(str(written.path / "tensorboard" / "0001"))
    events.Reload()
    read = {}
    for name in ("loss", "val_loss", "accuracy"):
        tensors = events.Tensors(name)
        read[name] = [(e.step, pytest.approx(float(make_ndarray(e.tensor_proto)))) for e in tensors]
    assert read == {
        "loss": [(1, 0.9), (2, 0.5), (3, 0.25)],
        "val_loss": [(1, 0.8), (2, 0.6), (3, 0.5)],
        "accuracy": [(3, 0.75)],
    }


def test_params_and_their_ranges_are_what_the_dashboard_reads(written):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import api_pb2, metadata

    def plugin(folder, tag):
        events = EventAccumulator(str(written.path / "tensorboard" / folder))
        events.Reload()
        return events.summary_metadata[tag].plugin_data.content

    experiment = metadata.parse_experiment_plugin_data(plugin("", metadata.EXPERIMENT_TAG))
    assert [info.name for info in experiment.hparam_infos] == SPACE.names
    assert experiment.hparam_infos[0].domain_interval.max_value == 0.1
    domain = experiment.hparam_infos[3].domain_discrete
    assert [value.string_value for value in domain.values] == ["1", "auto", "null"]
    assert experiment.metric_infos[0].name.tag == "accuracy"

    start = metadata.parse_session_start_info_plugin_data(
        plugin("0002", metadata.SESSION_START_INFO_TAG)
    )
    assert start.group_name == "trial 2"
    assert start.hparams["num_layers"].number_value == 1
    assert start.hparams["clip"].string_value == "1"
    assert start.hparams["layers"].string_value == '{"a": 1}'
    ends = [
        metadata.parse_session_end_info_plugin_data(plugin(it, metadata.SESSION_END_INFO_TAG))
        for it in ("0001", "0002")
    ]
    assert [end.status for end in ends] == [api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE]


def test_what_is_not_installed_is_told_before_the_first_trial(monkeypatch):
    monkeypatch.setattr(tensorboard, "find_spec", lambda module: None)
    with pytest.raises(MissingDependency) as caught:
        TensorBoard()
    assert 'pip install "hpopt[tensorboard]"' in caught.value.render()
