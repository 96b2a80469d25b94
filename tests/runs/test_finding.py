import pytest

from hpopt.errors import RunError
from hpopt.runs.events import Header
from hpopt.runs.finding import find_run, list_runs
from hpopt.runs.folder import JOURNAL
from hpopt.runs.journal import encode
from hpopt.runs.naming import name_of

HEADER = encode(Header("0.1.0", "accuracy", True, {}, {}, []))
IDS = [
    "2026-11-23T10-37-05_iris",
    "2026-11-23T10-37-05_iris-2",
    "2026-11-23T10-37-05_iris-10",
    "2026-11-22T09-00-00_wine",
    "2026-11-21T09-00-00_wine",
]


def make_run(path):
    path.mkdir(parents=True)
    (path / JOURNAL).write_bytes(HEADER)
    return path


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in IDS:
        make_run(tmp_path / "runs" / name)
    (tmp_path / "runs" / ".gitkeep").write_text("")
    (tmp_path / "runs" / "2026-11-24T00-00-00_no_journal").mkdir()
    return tmp_path / "runs"


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("latest", "2026-11-23T10-37-05_iris-10"),  # -10 was made after -2
        ("2026-11-23T10-37-05_iris", "2026-11-23T10-37-05_iris"),  # an id goes before a prefix
        ("2026-11-22", "2026-11-22T09-00-00_wine"),
        ("iris-2", "2026-11-23T10-37-05_iris-2"),
        ("11-21", "2026-11-21T09-00-00_wine"),
        ("runs/2026-11-22T09-00-00_wine", "2026-11-22T09-00-00_wine"),
        ("runs/2026-11-22T09-00-00_wine/", "2026-11-22T09-00-00_wine"),
        ("./runs/2026-11-22T09-00-00_wine/journal.jsonl", "2026-11-22T09-00-00_wine"),
        ("runs/latest", "2026-11-23T10-37-05_iris-10"),
    ],
)
def test_a_run_is_found_by(runs, reference, found):
    assert find_run(reference).path.name == found


def test_a_run_is_found_where_it_was_moved_to(runs, tmp_path):
    moved = (runs / IDS[3]).rename(tmp_path / "kept")
    assert find_run("kept").path.resolve() == moved
    assert find_run(str(moved)).path == moved


def test_runs_are_looked_for_in_the_folder_that_is_named(runs, tmp_path):
    make_run(tmp_path / "elsewhere" / "2026-01-01T00-00-00_digits")
    assert find_run("elsewhere/digits").path.name == "2026-01-01T00-00-00_digits"
    assert find_run("digits", tmp_path / "elsewhere").path.name == "2026-01-01T00-00-00_digits"
    assert find_run(f"{tmp_path}/elsewhere/latest").path.name == "2026-01-01T00-00-00_digits"


def test_a_part_that_several_runs_have_names_them(runs):
    with pytest.raises(RunError, match="`wine` could be 2 runs in runs: ") as caught:
        find_run("wine")
    text = caught.value.render()
    assert text.index(IDS[3]) < text.index(IDS[4])  # the latest first
    assert "give more of its name" in text


def test_many_candidates_are_counted_and_not_all_listed(runs):
    for day in range(10, 30):
        make_run(runs / f"2025-01-{day}T00-00-00_many")
    with pytest.raises(RunError, match="could be 20 runs") as caught:
        find_run("many")
    assert "and 12 older ones" in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "match"), [("lates", "latest"), ("irsi", "iris"), (IDS[3][:-1] + "a", IDS[3])]
)
def test_a_name_that_is_a_little_wrong_is_set_right(runs, reference, match):
    with pytest.raises(RunError, match="there is no run") as caught:
        find_run(reference)
    assert f"did you mean `{match}`?" in caught.value.render()


@pytest.mark.parametrize("reference", ["latest", "iris"])
def test_an_empty_folder_says_how_a_run_is_made(tmp_path, reference):
    with pytest.raises(RunError, match="holds no run folder") as caught:
        find_run(reference, tmp_path)
    assert "hpopt tune CONFIG" in caught.value.render()


@pytest.mark.parametrize("reference", ["runs/../", "..", "./runs"])
def test_a_folder_that_is_no_run_is_said_to_be_none(runs, reference):
    with pytest.raises(RunError, match="no run"):
        find_run(reference)


def test_runs_are_listed_from_the_latest_on(runs):
    ids = [path.name for path in list_runs(runs)]
    assert ids == [IDS[2], IDS[1], IDS[0], IDS[3], IDS[4]]
    assert list_runs(runs / "nowhere") == []


def test_a_run_is_called_what_stands_behind_its_stamp(runs):
    assert [name_of(path) for path in list_runs(runs)] == ["iris", "iris", "iris", "wine", "wine"]
    assert name_of(runs / "kept") == "kept"


def test_the_exact_name_wins_over_a_longer_one(tmp_path):
    for name in ("wd", "wdl"):
        make_run(tmp_path / f"2026-11-23T10-00-00_{name}")
    assert find_run("wd", tmp_path).path.name.endswith("_wd")


def test_a_run_that_never_began_is_passed_over_with_a_word(runs, hpopt, caplog):
    for name, text in {
        "2026-12-01T00-00-00_iris": b"",
        "2026-12-02T00-00-00_x": HEADER[:9],
    }.items():
        make_run(runs / name)
        (runs / name / JOURNAL).write_bytes(text)
    assert find_run("latest").path.name == IDS[2]
    assert caplog.text.count("ended before it began") == 2
    done = hpopt("runs")
    assert done.err.count("ended before it began") == 2
    assert "2026-12" not in done.out
    with pytest.raises(RunError, match="has no header"):
        find_run("2026-12-01")


def test_where_no_run_began_the_latest_says_so(runs):
    for path in runs.glob(f"*/{JOURNAL}"):
        path.write_bytes(b"")
    with pytest.raises(RunError, match="has no header"):
        find_run("latest")
