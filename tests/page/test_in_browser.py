"""The page in a real browser: every control used, and nothing that it complains of."""

import re
import shutil
import threading
from contextlib import closing

import numpy as np
import pytest
from conftest import CALIBRATED, MIXED, synthetic_run, valley

from hpopt.page.document import report_page
from hpopt.page.following import Following
from hpopt.page.serving import Dashboard
from hpopt.runs.events import Finished, Started, Step
from hpopt.runs.folder import Run, now
from hpopt.space.dimensions import Categorical, Real
from hpopt.space.space import Space

pytestmark = pytest.mark.browser
HOSTILE = "</script><img src=x onerror=window.harmed=1>{b|x}"
FINDINGS = Step(
    "summary",
    "",
    {"findings": {"effects": ["`rate` (70 % of the variance): best around 0.01"], "trust": "Yes."}},
)


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, or whichever Playwright has installed; without one this is skipped."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    place = shutil.which("chromium") or shutil.which("google-chrome")
    with playwright.sync_playwright() as driver:
        try:
            opened = driver.chromium.launch(executable_path=place, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"there is no browser to try the page in: {str(error).splitlines()[0]}")
        yield opened
        opened.close()


class Looked:
    """A page that is looked at, and all that it complained of."""

    def __init__(self, browser, url, *, width=1200, scheme="light"):
        viewport = {"width": width, "height": 900}
        self.page = browser.new_page(viewport=viewport, color_scheme=scheme)
        self.complaints = []
        self.asked = []
        self.page.on("console", lambda m: m.type != "log" and self.complaints.append(m.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(url)

    def scroll_through(self):
        """Have every picture drawn."""
        for y in range(0, self.page.evaluate("document.documentElement.scrollHeight"), 600):
            self.page.evaluate(f"scrollTo(0, {y})")
            self.page.wait_for_timeout(60)

    def rows(self):
        """The texts of the first cells of the table of trials."""
        return self.page.locator("#trials table tbody tr td:first-child").all_inner_texts()


@pytest.fixture
def look(browser):
    """Opens an address in the browser, and in the end wants it to have complained of nothing."""
    opened = []

    def open_page(url, **options):
        opened.append(Looked(browser, url, **options))
        return opened[-1]

    yield open_page
    for each in opened:
        each.page.close()
        assert each.complaints == []


def write(folder, *runs):
    path = folder / "report.html"
    path.write_text(report_page(runs))
    return f"file://{path}"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    run = synthetic_run(folder, trials=60, failed={5}, steps=[CALIBRATED, FINDINGS])
    run.trial_folder(5).mkdir(parents=True)
    (run.trial_folder(5) / "log.txt").write_text("the last words of trial 5")
    return write(folder, run)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1400])
def test_it_fits_every_screen_and_readers_can_use_it(look, url, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    looked = look(url, width=width, scheme=scheme)
    looked.scroll_through()
    assert looked.page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(looked.page).response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
    assert len(looked.asked) <= 1  # the file itself


def test_the_verdict_comes_first_and_every_part_is_there(look, url):
    looked = look(url)
    assert looked.page.locator("header .verdict p").first.inner_text().startswith("On new rows")
    looked.scroll_through()
    parts = looked.page.locator("main section").evaluate_all("each => each.map(s => s.id)")
    assert parts == ["scores", "parameters", "search", "trials", "tested", "config"]
    pictures = looked.page.locator(".chart")
    assert pictures.count() >= 12
    assert pictures.filter(has=looked.page.locator("canvas")).count() == pictures.count()


def test_trials_are_sorted_filtered_and_opened_by_keyboard(look, url):
    looked = look(url)
    page, rows = looked.page, looked.rows
    scores = page.locator("#trials table tbody tr td:nth-child(2)").all_inner_texts()
    numbers = [float(text) for text in scores if text != "–"]
    assert numbers == sorted(numbers, reverse=True)
    page.locator("#trials th button", has_text="trial").first.focus()
    page.keyboard.press("Enter")
    assert rows()[:3] == ["1", "2", "3"]
    page.get_by_label("only trials whose layers is").fill("2")
    layers = page.locator("#trials table tbody tr").evaluate_all(
        "rows => rows.map(row => row.children[4].innerText)"
    )
    assert set(layers) == {"2"}
    assert "of 60 trials" in page.locator("#trials [role=status]").inner_text()
    page.get_by_label("only trials whose rate is").fill("0.001..0.01")
    assert 0 < len(rows()) < len(layers)
    page.get_by_role("button", name="Show all trials").press("Enter")
    assert page.get_by_label("only trials whose layers is").input_value() == ""
    page.get_by_role("button", name="open trial 5", exact=True).press("Enter")
    dialog = page.locator("dialog")
    assert "the loss became nan in epoch 1" in dialog.inner_text()
    assert "the last words of trial 5" in dialog.inner_text()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def test_a_thousandth_row_comes_at_the_press_of_a_button(look, url):
    looked = look(url)
    assert len(looked.rows()) == 50
    looked.page.get_by_role("button", name="Show all 60").click()
    assert len(looked.rows()) == 60


def test_what_is_brushed_in_one_picture_is_seen_in_all(look, url):
    looked = look(url)
    page = looked.page
    chart = page.locator("figure", has_text="Scores by trial").locator(".chart")
    chart.scroll_into_view_if_needed()
    chart.locator("canvas").first.wait_for()
    page.wait_for_timeout(300)
    box = chart.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.3 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], middle, steps=8)
    page.mouse.up()
    page.wait_for_timeout(300)
    brushed = page.evaluate("[...state.brushed]")
    assert 5 < len(brushed) < 20
    assert sorted(map(int, looked.rows())) == sorted(brushed)
    # On an axis of the parallel coordinates.
    chart = page.locator("figure", has_text="All trials at once").locator(".chart")
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    box = chart.bounding_box()
    x = page.evaluate(
        """() => {
            const place = [...document.querySelectorAll("figure")].find(
                (each) => each.innerText.startsWith("All trials at once")).querySelector(".chart");
            const { coordinateSystem } = echarts.getInstanceByDom(place).getModel()
                .getComponent("parallel");
            return coordinateSystem.getAxisLayout("dim0").position[0];
        }"""
    )
    page.mouse.move(box["x"] + x, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + x, box["y"] + 200, steps=8)
    page.mouse.up()
    page.wait_for_timeout(300)
    on_axis = page.evaluate("[...state.brushed]")
    assert sorted(on_axis) != sorted(brushed)
    assert set(map(int, looked.rows())) <= set(on_axis)


def test_pairs_and_curves_are_chosen(look, url):
    looked = look(url)
    page = looked.page
    pairs = page.get_by_label("Params", exact=True)
    pairs.scroll_into_view_if_needed()
    assert pairs.locator("option").count() == 6
    pairs.select_option(index=3)
    page.wait_for_timeout(200)
    page.get_by_label("Curve", exact=True).select_option("loss")
    page.wait_for_timeout(200)


def test_each_picture_has_its_table(look, url):
    looked = look(url)
    for summary in looked.page.locator("main figure summary").all():
        summary.click()
    looked.page.wait_for_timeout(200)  # a table is made once its place has opened
    tables = looked.page.locator("main figure details table")
    assert tables.count() == looked.page.locator("main figure summary").count() >= 10
    for table in tables.all():
        assert table.locator("tbody tr").count() >= 1


def test_it_can_be_printed(look, url):
    looked = look(url)
    assert looked.page.pdf().startswith(b"%PDF")


def test_hostile_names_are_shown_and_do_nothing(look, tmp_path):
    space = Space([Real(HOSTILE, 0, 1, default=0.5), Categorical("label", (HOSTILE, "b"), "b")])
    run = synthetic_run(
        tmp_path, space, 20, score=lambda params, rng: params[HOSTILE], steps=[CALIBRATED],
        failed={3},
    )  # fmt: skip
    run.trial_folder(3).mkdir(parents=True)
    (run.trial_folder(3) / "log.txt").write_text(HOSTILE)
    looked = look(write(tmp_path, run))
    looked.scroll_through()
    looked.page.get_by_role("button", name="open trial 3", exact=True).click()
    assert HOSTILE in looked.page.locator("dialog pre").inner_text()
    assert looked.page.evaluate("window.harmed") is None
    assert looked.page.locator("img[src=x]").count() == 0


def test_runs_stand_side_by_side(look, tmp_path):
    runs = [synthetic_run(tmp_path, trials=9, name=name) for name in ("one", "two")]
    looked = look(write(tmp_path, *runs))
    assert looked.page.locator("#runs tbody tr").count() == 2
    looked.page.get_by_role("button", name=re.compile("two")).click()
    assert "two" in looked.page.locator("h1").inner_text()


@pytest.fixture
def served(tmp_path):
    """A dashboard of a run of five trials, and the ids of runs that were asked to stop."""
    asked = []

    def stop(path):
        asked.append(path)
        return "It ends."

    run = synthetic_run(tmp_path, trials=5)
    with (
        closing(Following(tmp_path)) as following,
        Dashboard(following, "127.0.0.1", 0, {"stop": stop}) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server, run, asked
        server.shutdown()
        thread.join()


def append_trial(writer, number):
    writer.append(Started(number, MIXED.defaults, seed=number, time=now()))
    score = valley(MIXED.defaults, None) + number / 1000
    curves = {"loss": [1.0, 0.5], "val_loss": [1.0, 0.6]}
    writer.append(Finished(number, -score, {"accuracy": score}, [score], curves, 2, 0.1))


def test_a_run_that_goes_on_is_followed_and_stopped(look, served, tmp_path):
    server, run, asked = served
    looked = look(server.url)
    page = looked.page
    page.locator("h1", has_text=run.path.name).wait_for()
    page.locator("#parameters figure").first.wait_for()
    with closing(Run.reopen(run.path)) as writer:
        append_trial(writer, 6)
        page.locator("h1 .state", has_text="running").wait_for()
        page.get_by_role("button", name="open trial 6", exact=True).wait_for()
        page.get_by_label("only trials whose layers is").fill("1")
        append_trial(writer, 7)
        page.get_by_role("button", name="open trial 7", exact=True).wait_for()
        assert page.get_by_label("only trials whose layers is").input_value() == "1"
        page.get_by_role("button", name="Stop the search").click()
        page.locator("#notice", has_text="It ends.").wait_for()
        assert asked == [str(run.path)]
    page.locator("h1 .state", has_text="interrupted").wait_for()
    other = synthetic_run(tmp_path, trials=3, name="other")
    page.locator("#runs button", has_text="other").click()
    page.locator("h1", has_text="other").wait_for()
    shutil.rmtree(other.path)
    page.locator("#notice", has_text="has gone").wait_for()
    page.locator("#runs button", has_text="mixed").click()
    page.locator("h1", has_text="mixed").wait_for()


@pytest.mark.parametrize("trials", [0, 1, 3])
def test_a_run_that_has_hardly_begun_is_shown(look, tmp_path, trials):
    run = synthetic_run(tmp_path, trials=trials, running=trials > 0)
    looked = look(write(tmp_path, run))
    looked.scroll_through()
    assert looked.page.locator("header .verdict p").count() >= 1


def test_a_thousand_trials_are_drawn(look, tmp_path):
    curves = {name: list(np.linspace(1, 0.1, 60)) for name in ("loss", "val_loss", "accuracy")}
    looked = look(write(tmp_path, synthetic_run(tmp_path, trials=1000, curves=curves)))
    looked.page.locator("#trials table").wait_for()
    looked.scroll_through()
