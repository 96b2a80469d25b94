"""What the pictures show, on runs whose scores are known functions of the params."""

import dataclasses

import numpy as np
import pytest
from conftest import CALIBRATED, MIXED, SEEN, synthetic_run
from matplotlib.patches import StepPatch

from hpopt.errors import ConfigError, RunError
from hpopt.plots import style
from hpopt.plots.calibration import _legible
from hpopt.plots.comparison import draw_comparison
from hpopt.plots.drawing import draw
from hpopt.plots.history import History
from hpopt.plots.pairs import _steps
from hpopt.plots.partial_dependence import GOES_ON, draw_curve
from hpopt.plots.pictures import PICTURES
from hpopt.report.summary import summarise
from hpopt.runs.events import Step
from hpopt.runs.steps import Findings
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.space import Space
from hpopt.statistics.proportions import clopper_pearson
from hpopt.statistics.records import Bin, Interval
from hpopt.trials import ranked


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plots")
    return synthetic_run(folder, trials=16, failed=[5], running=True, steps=[CALIBRATED])


@pytest.fixture(scope="module")
def history(run) -> History:
    return History.of(run)


def texts(figure) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))


def marks(axes, marker) -> list[tuple[float, float]]:
    found = [line for line in axes.get_lines() if line.get_marker() == marker]
    return [tuple(np.ravel(line.get_xydata())) for line in found]


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_becomes_a_file(history, name):
    assert style.to_bytes(draw(history, name), "png").startswith(b"\x89PNG")


@pytest.mark.parametrize(("format", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_picture_becomes_a_vector_file_that_is_the_same_each_time(history, format, start):
    one, other = (style.to_bytes(draw(history, "convergence"), format) for _ in range(2))
    assert one.startswith(start)
    assert one == other


def test_convergence_shows_the_best_so_far_in_the_metrics_own_direction(history):
    [axes] = draw(history, "convergence").axes
    line = next(line for line in axes.get_lines() if line.get_label() == "best so far")
    heights = line.get_ydata()
    assert (np.diff(heights) >= 0).all()
    assert heights[0] == pytest.approx(history.score(history.trials[0]))
    assert heights[-1] == pytest.approx(history.score(history.best))
    assert line.get_xdata()[-1] == 16
    assert axes.get_ylabel() == "accuracy on validation"


def test_convergence_marks_the_default_the_best_and_the_failed(history):
    [axes] = draw(history, "convergence").axes
    best = history.best
    assert marks(axes, "*") == [(best.number, pytest.approx(history.score(best)))]
    assert marks(axes, "D") == [(1, pytest.approx(history.score(history.trials[0])))]
    assert marks(axes, "x") == [(5, 0)]
    shown = texts(axes.figure)
    assert f"best: {history.score(best):.4f} (trial {best.number})" in shown
    assert "failed (1)" in shown


def test_convergence_of_an_error_goes_down(tmp_path):
    run = synthetic_run(tmp_path, metric="rmse", score=lambda params, rng: 10 * rng.random())
    [axes] = draw(History.of(run), "convergence").axes
    line = next(line for line in axes.get_lines() if line.get_label() == "best so far")
    assert (np.diff(line.get_ydata()) <= 0).all()
    assert (line.get_ydata() >= 0).all()


def test_one_monstrous_score_does_not_flatten_the_others(tmp_path):
    def score(params, rng):
        return 1e9 if rng.random() < 0.2 else 50 + rng.random()

    run = synthetic_run(tmp_path, metric="rmse", trials=30, score=score)
    [axes] = draw(History.of(run), "convergence").axes
    assert axes.get_ylim()[1] < 60
    assert "off the axis" in texts(axes.figure)


def test_partial_dependence_has_a_panel_for_each_dimension_with_its_scale(history):
    figure = draw(history, "partial_dependence")
    panels = {axes.get_xlabel(): axes for axes in figure.axes if axes.get_xlabel()}
    assert set(panels) == set(MIXED.names)
    assert panels["rate"].get_xscale() == "log"
    assert panels["momentum"].get_xscale() == "linear"
    names = [label.get_text() for label in panels["optimizer"].get_xticklabels()]
    assert names == ["adam", "sgd"]


def test_partial_dependence_finds_the_ridge_and_is_less_sure_at_two_deviations(history):
    effect = history.dependence("rate")
    peak = effect.grids[0].centres[np.argmax(history.to_scores(effect.middle))]
    assert 10**-2.5 < peak < 10**-1.5
    one, two = (np.subtract(*effect.within(reach)[::-1]) for reach in (1, 2))
    assert (one > 0).all()
    assert (two > one).all()


def test_the_default_and_the_best_are_marked_where_the_dimension_is_active(history):
    figure = draw(history, "partial_dependence")
    panels = {axes.get_xlabel(): axes for axes in figure.axes}
    [(at, _)] = marks(panels["rate"], "*")
    assert at == pytest.approx(history.best.params["rate"])
    [(at, _)] = marks(panels["momentum"], "D")
    assert "momentum" not in history.default.params
    assert np.isnan(at)


def test_pairs_show_the_average_below_and_its_deviation_above_the_diagonal(history):
    figure = draw(history, "pairs")
    assert len(figure.axes) == 4 * 4 + 2
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert any("darker is better" in label for label in labels)
    assert any("standard deviation" in label for label in labels)


def test_a_pair_leaves_the_cells_empty_where_one_is_inactive(history):
    effect = history.dependence("optimizer", "momentum")
    assert np.isnan(effect.middle[0]).all()
    assert np.isfinite(effect.middle[1]).all()
    assert "hatched where one of the two is inactive" in texts(draw(history, "pairs"))


def test_evaluations_show_every_trial_that_is_over(history):
    figure = draw(history, "evaluations")
    assert len(figure.axes) == 4 * 5 / 2 + 1
    by_name = {axes.get_title(): axes for axes in figure.axes if axes.findobj(StepPatch)}
    counted = {
        name: axes.findobj(StepPatch)[0].get_data().values.sum() for name, axes in by_name.items()
    }
    active = sum("momentum" in trial.params for trial in history.trials[:-1])
    assert counted == {"rate": 15, "layers": 15, "optimizer": 15, "momentum": active}
    assert f"inactive: {15 - active}" in texts(figure)
    dots = [len(axes.collections[0].get_offsets()) for axes in figure.axes if axes.collections]
    assert max(dots) == 14  # of 16 one failed and one still runs
    assert "Where the search looked in 15 trials" in texts(figure)


def test_importance_has_a_bar_for_each_dimension_with_the_largest_on_top(history):
    [axes] = draw(history, "importance").axes
    *widths, rest = [bar.get_width() for bar in axes.patches]
    assert len(widths) == 4
    assert widths == sorted(widths)
    assert rest == pytest.approx(1 - sum(widths))
    assert axes.get_yticklabels()[0].get_text() == "several of them together"
    assert axes.get_yticklabels()[-1].get_text() == "rate"


def test_parallel_coordinates_lead_an_inactive_dimension_below_its_axis(history):
    [axes] = draw(history, "parallel_coordinates").axes
    names = [label.get_text().partition("\n")[0] for label in axes.get_xticklabels()]
    assert sorted(names) == sorted([*MIXED.names, "accuracy"])
    column = names.index("momentum")
    segments = axes.collections[0].get_segments()
    assert len(segments) == 14
    below = sum(segment[column][1] < 0 for segment in segments)
    assert below == sum("momentum" not in trial.params for trial in history.finished)


def test_learning_curves_draw_whatever_a_fit_recorded(tmp_path):
    curves = {"loss": [1.0, 0.5], "val_loss": [1.0, 0.6], "learning_rate": [0.1, 0.01]}
    history = History.of(synthetic_run(tmp_path, curves=curves))
    figure = draw(history, "learning_curves")
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["loss on training", "loss on validation", "learning rate"]
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    assert f"trial {history.best.number}, the best" in texts(figure)


@pytest.mark.parametrize("ends", [0.9, 0.001], ids=["linear", "logarithmic"])
def test_learning_curves_fill_their_panels(tmp_path, ends):
    curves = {"loss": [1.0, 0.5], "learning_rate": [1.0, 0.5 * (1 + ends), ends]}
    figure = draw(History.of(synthetic_run(tmp_path, curves=curves)), "learning_curves")
    axes = figure.axes[1]
    assert axes.get_yscale() == ("log" if ends < 0.1 else "linear")
    drawn = axes.transData.transform([[1, 1.0], [3, ends]])[:, 1]
    low, high = axes.transAxes.transform([[0, 0], [0, 1]])[:, 1]
    assert low < min(drawn) < max(drawn) < high
    assert max(drawn) - min(drawn) > 0.8 * (high - low)


def test_learning_curves_pass_over_what_is_not_finite(history):
    figure = draw(history, "learning_curves")
    assert len(figure.axes[1].get_lines()) == 6


WIDE = Space([Real(f"x{i}", 0, 1) for i in range(13)] + [Integer("n", 1, 3)])


def test_pair_pictures_of_many_dimensions_show_the_most_important_ones(tmp_path):
    run = synthetic_run(
        tmp_path, WIDE, 30, score=lambda params, rng: params["x7"] + params["x3"] / 2
    )
    figure = draw(History.of(run), "evaluations")
    assert "8 most important of 14 dimensions" in texts(figure)
    assert {"x7", "x3"} <= {axes.get_title() for axes in figure.axes}


def test_the_dimensions_of_pair_pictures_can_be_chosen(run):
    figure = run.plot("pairs", dimensions=["momentum", "rate"])
    assert len(figure.axes) == 4 + 2
    with pytest.raises(ConfigError, match="no dimension `rat`") as caught:
        run.plot("pairs", dimensions=["rat"])
    assert "did you mean `rate`?" in caught.value.problems[0].help


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_can_be_drawn_of_odd_spaces(tmp_path, name):
    odd = Space(
        [
            Categorical("$a$", ("$x$", None, True, 1e-9, "a name that goes on and on"), None),
            Categorical("only", ("one",), "one"),
            Integer("n", -5, 100_000),
        ]
    )
    run = synthetic_run(
        tmp_path, odd, 6, score=lambda params, rng: 0.5, steps=[CALIBRATED]
    )  # a constant objective, too
    assert style.to_bytes(draw(History.of(run), name), "png")


def test_a_space_of_one_dimension_has_every_picture_but_pairs(tmp_path):
    run = synthetic_run(
        tmp_path,
        Space([Real("x", 0, 1)]),
        6,
        score=lambda params, rng: params["x"],
        steps=[CALIBRATED],
    )
    for name in PICTURES:
        if name == "pairs":
            with pytest.raises(RunError, match="a pair needs two dimensions"):
                run.plot(name)
        else:
            assert run.plot(name).axes


def test_calibration_shows_what_was_said_and_what_was_seen(history):
    [axes] = draw(history, "calibration").axes
    points = axes.collections[-1]
    assert points.get_offsets().tolist() == [[0.1, 0.2], [0.9, 0.8]]
    assert "calibration error 0.1000" in texts(axes.figure)
    assert "92 rows of test in 2 groups," in texts(axes.figure)


def test_precision_and_recall_have_the_threshold_in_force_and_what_chance_gives(history):
    [axes] = draw(history, "precision_recall").axes
    assert marks(axes, "*") == [(0.95, 0.8)]
    shown = texts(axes.figure)
    assert "best: average precision 0.70 [0.55, 0.85]" in shown
    assert "best at its threshold 0.25: recall 0.95, precision 0.8" in shown
    assert r'default at its threshold 0.5: no row is said to be "yes \$x\$"' in shown
    assert "by chance: 45.6 % of 92 rows of test" in shown
    best = next(line for line in axes.get_lines() if "best: average" in line.get_label())
    assert best.get_drawstyle() == "steps-pre"
    assert best.get_xydata().tolist() == [[0.0, 0.9], [0.5, 0.9], [0.95, 0.8], [1.0, 0.456]]


def test_a_confusion_has_the_counts_by_what_is_true_and_what_was_predicted(history):
    axes, _ = draw(history, "confusion").axes
    counts = {t.get_position(): t.get_text() for t in axes.texts}
    assert counts == {(0, 0): "40", (1, 0): "10", (0, 1): "2", (1, 1): "40"}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["no", r"yes \$x\$"]
    assert np.allclose(axes.get_images()[0].get_array().sum(axis=1), 1)
    assert "80 of 92 rows of test are right" in texts(axes.figure)


def test_mistakes_are_images_under_what_was_predicted_and_what_is_true(history):
    figure = draw(history, "mistakes")
    panels = [axes for axes in figure.axes if axes.get_images()]
    assert len(panels) == 7
    assert (panels[0].get_images()[0].get_array() == SEEN.pictures[0, :, :, 0]).all()
    assert panels[0].get_title() == "yes \\$x\\$ 0.90\nis no"
    assert "7 of 12 mistakes, the surest first" in texts(figure)


def test_a_forecast_is_drawn_beside_what_came_for_the_next_and_the_last_step(history):
    figure = draw(history, "forecast")
    next_step, last_step = figure.axes
    lines = {line.get_label(): line for line in next_step.get_lines()}
    said, came = lines["forecast"].get_ydata(), lines["what came"].get_ydata()
    assert np.isnan(said).sum() == 1  # no line goes over the day that is missing
    np.testing.assert_allclose((came - said)[~np.isnan(said)], 0.5)
    moved = {line.get_label(): line for line in last_step.get_lines()}["forecast"].get_xdata()
    assert (moved[0] - lines["forecast"].get_xdata()[0]) / np.timedelta64(1, "D") == 1
    assert "2 steps ahead" in texts(figure)
    assert "the first of 3 series" in texts(figure)


def test_errors_are_drawn_by_how_far_a_forecast_looks_ahead(history):
    [axes] = draw(history, "steps_ahead").axes
    heights = {line.get_label(): line.get_ydata().tolist() for line in axes.get_lines()}
    assert heights == {"the network": [1.0, 1.5], r"7 \$steps\$ ago": [2.0, 1.4]}
    assert axes.get_xlabel() == "steps ahead (1 day each)"


def test_what_no_run_before_kept_is_no_picture(tmp_path):
    run = synthetic_run(tmp_path, trials=2, steps=[Step("test", "", {"best": {"accuracy": 0.8}})])
    for name in ("precision_recall", "confusion", "mistakes", "forecast", "steps_ahead"):
        with pytest.raises(RunError, match="can't be drawn"):
            run.plot(name)


def test_a_notebook_shows_the_figure_without_pyplot(run):
    import sys

    figure = run.plot()
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


def test_an_unknown_picture_is_a_mistake_with_a_suggestion(run):
    with pytest.raises(ConfigError, match="no picture `convergance`") as caught:
        run.plot("convergance")
    assert "did you mean `convergence`?" in caught.value.problems[0].help


def test_bins_of_like_probabilities_are_drawn_as_one():
    bins = [
        Bin(0.001, 0.0, Interval(0.0, 0.3), 10),
        Bin(0.01, 0.1, Interval(0.0, 0.4), 10),
        Bin(0.6, 0.8, Interval(0.4, 0.9), 10),
    ]
    first, last = _legible(bins)
    assert (first.rows, first.said, first.seen) == (20, pytest.approx(0.0055), 0.05)
    assert first.interval == clopper_pearson(1, 20)
    assert last is bins[-1]


def test_a_default_beyond_the_axis_stands_on_its_border_with_an_arrow(tmp_path):
    def score(params, rng):
        return 900.0 if params == MIXED.defaults else 50 + rng.random()

    run = synthetic_run(tmp_path, metric="rmse", trials=20, score=score)
    history = History.of(run)
    [axes] = draw(history, "convergence").axes
    [(x, y)] = marks(axes, "D")
    assert (x, y) == (1, history.score_limits[1])
    assert any(text.arrow_patch is not None for text in axes.texts)
    assert "default: 900.0" in texts(axes.figure)


def test_axes_that_are_cut_off_say_so(tmp_path):
    def score(params, rng):
        return 900.0 if params == MIXED.defaults else 50 + rng.random()

    runs = [
        synthetic_run(tmp_path / name, metric="rmse", trials=20, score=score, name=name)
        for name in ("a", "b")
    ]
    parallel = draw(History.of(runs[0]), "parallel_coordinates")
    assert "(1 worse: off the axis)" in texts(parallel)
    assert "off the axis" in draw_comparison(runs).axes[0].get_ylabel()


def test_a_band_that_goes_on_is_marked_and_none_is_clipped_by_its_panel(history):
    figure = draw(history, "partial_dependence")
    for axes in figure.axes:
        low, high = axes.get_ylim()
        for band in axes.collections:
            heights = band.get_datalim(axes.transData).intervaly
            assert low <= heights.min() <= heights.max() <= high or not band.get_paths()
    effect = history.dependence("rate")
    cut = dataclasses.replace(effect, ends=(-np.inf, float(effect.within(2)[1].max())))
    axes = style.new_figure(2).subplots()
    draw_curve(axes, history, cut)
    assert GOES_ON in axes.get_legend_handles_labels()[1]


def test_steps_of_colour_are_no_finer_than_the_deviation():
    deviation = [np.full((3, 3), 0.5)]
    [norm] = [_steps([np.array([[0.0, 0.2]])], deviation)]
    assert np.diff(norm.boundaries) == pytest.approx([0.5] * 6)
    [norm] = [_steps([np.array([[0.0, 4.0]])], deviation)]
    assert np.diff(norm.boundaries).min() == pytest.approx(0.5)
    [norm] = [_steps([np.array([[0.0, 100.0]])], deviation)]
    assert len(norm.boundaries) == 11


@pytest.mark.parametrize("count", range(1, 9))
def test_learning_curves_have_no_empty_panel(tmp_path, count):
    curves = {f"curve {n}": [1.0, 0.5 + n] for n in range(count)}
    curves["learning_rate"] = [0.1, 0.1]
    figure = draw(History.of(synthetic_run(tmp_path, curves=curves)), "learning_curves")
    assert len(figure.axes) == count
    assert all(axes.get_lines() for axes in figure.axes)
    ends = {round(axes.get_subplotspec().get_position(figure).x1, 6) for axes in figure.axes}
    assert len({end for end in ends if end > 0.85}) == 1  # every row reaches the right end


def test_all_pictures_and_the_summary_name_the_same_best(tmp_path):
    run = synthetic_run(tmp_path)
    second = ranked(run.trials())[1].number
    chosen = {"chosen": second, "search_best": run.best.number, "rounds": 1, "candidates": []}
    run = synthetic_run(tmp_path / "b", steps=[Step("confirm", "", chosen)])
    history = History.of(run)
    assert f"(trial {second}, chosen by fitting again)" in texts(draw(history, "convergence"))
    assert f"best, trial {second}" in texts(draw(history, "parallel_coordinates"))
    assert f"trial {second}, the best" in texts(draw(history, "learning_curves"))
    assert f"| best (trial {second}) |" in summarise(run, Findings([], None))


@pytest.mark.parametrize("rank", range(5))
def test_no_two_learning_curves_are_of_one_colour_whichever_is_the_best(history, rank):
    best = ranked(history.trials)[rank]
    axes = draw(dataclasses.replace(history, best=best), "learning_curves").axes[0]
    colours = {line.get_label(): line.get_color() for line in axes.get_lines()}
    assert len(set(colours.values())) == len(colours) > 4
    [name] = [each for each in colours if "the best" in each]
    assert colours[name] == style.RED
