import json
import shutil

import pytest

from tools import vendor_static


@pytest.fixture
def vendor(tmp_path):
    target = tmp_path / "vendor"
    shutil.copytree(vendor_static.VENDOR, target)
    return target


def test_the_committed_files_are_as_locked():
    assert vendor_static.check() == []


def test_an_edited_a_missing_and_an_unlisted_file_are_found(vendor):
    (vendor / "htmx.org" / "htmx.min.js").write_text("alert(1)")
    (vendor / "echarts" / "NOTICE").unlink()
    (vendor / "jquery.js").write_text("")
    assert vendor_static.check(vendor) == [
        "missing: echarts/NOTICE",
        "not in the lock: jquery.js",
        "changed: htmx.org/htmx.min.js",
    ]


def test_every_package_has_a_licence_text_and_its_pinned_version():
    lock = json.loads((vendor_static.VENDOR / vendor_static.LOCK_NAME).read_text())
    wanted = json.loads((vendor_static.FRONTEND / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        assert lock[name]["version"] == version
        assert any("LICENSE" in file for file in lock[name]["files"]), name


def test_no_file_points_to_a_source_map():
    for path in vendor_static.VENDOR.rglob("*.[jc]s*"):
        assert b"sourceMappingURL=" not in path.read_bytes(), path.name


def test_sprite(tmp_path):
    (tmp_path / "b.svg").write_text('<svg viewBox="0 0 24 24"><!-- x --><path d="M1 1" /><circle r="2" /></svg>')
    (tmp_path / "a.svg").write_text('<svg><path d="M2 2"/></svg>')
    made = vendor_static.sprite(["b", "a"], tmp_path).decode()
    assert made.index('id="a"') < made.index('id="b"')
    assert '<path d="M1 1" /><circle r="2" />' in made
