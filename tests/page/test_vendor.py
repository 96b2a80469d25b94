"""What others made and the page ships is what they published, with its licence."""

import hashlib
from importlib.resources import files

# SHA-256 of the files of the package `echarts` 6.1.0 of npm.
PUBLISHED = {
    "echarts.min.js": "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0",
}
VENDOR = files("hpopt.page").joinpath("static", "vendor")


def test_it_is_as_it_was_published():
    for name, digest in PUBLISHED.items():
        assert hashlib.sha256(VENDOR.joinpath(name).read_bytes()).hexdigest() == digest


def test_its_licence_stands_beside_it():
    assert "Apache License" in VENDOR.joinpath("echarts-LICENSE").read_text()
    assert "Apache ECharts" in VENDOR.joinpath("echarts-NOTICE").read_text()
