from benchmarks.__main__ import targets
from benchmarks.answers import summary


def page(p50, p95, queries=10):
    return {"p50_ms": p50, "p95_ms": p95, "queries": queries}


FIRST = {"list": page(100, 200), "word": page(50, 301, 12), "only here": page(10, 20)}
LAST = {"list": page(120, 220), "word": page(105, 400, 13)}


def test_tells_the_slowest_page_and_those_that_take_too_long_at_each_size():
    found = summary([FIRST, LAST])

    assert found["slowest"] == [{"page": "word", "p95_ms": 301}, {"page": "word", "p95_ms": 400}]
    assert found["over_300ms"] == [{"count": 1, "pages": {"word": 301}}, {"count": 1, "pages": {"word": 400}}]
    assert found["within_300ms"] is False
    assert found["most_queries"] == 13


def test_compares_the_pages_that_both_sizes_have():
    found = summary([FIRST, LAST])

    assert found["ratio_p50"] == {"overall": 1.5, "worst": {"page": "word", "ratio": 2.1}}
    assert found["ratio_p95"] == {"overall": 1.24, "worst": {"page": "word", "ratio": 1.33}}


def test_one_size_has_no_ratio():
    assert not {"ratio_p50", "ratio_p95"} & set(summary([FIRST]))


def test_targets_say_of_each_figure_whether_it_keeps_to_its_limit():
    results = {
        "search": {"filters": summary([{"list": page(100, 200)}] * 2), "searches": summary([FIRST, LAST])},
        "import": {"ratio_to_copy_indexed": 0.6, "rows": {}},
        "mediation": summary([{"day": page(100, 350)}], most_ms=400),
        "breaches": summary([{"list": page(100, 310)}]) | {"year_seconds": 41.5, "day_seconds": 0.3, "cases": 9},
    }

    found = targets(results)

    assert found["filters"] == {
        "p95_ms": 200, "within_300ms": True, "queries": 10, "within_12_queries": True,
        "ratio_p50": 1.0, "ratio_p95": 1.0, "within_1.3x": True,
    }  # fmt: skip
    assert (found["searches"]["within_300ms"], found["searches"]["within_12_queries"]) == (False, False)
    assert found["searches"]["within_1.3x"] is False
    assert found["mediation"] == {
        "p95_ms": 350, "within_400ms": True, "queries": 10, "within_20_queries": True,
    }  # fmt: skip
    assert found["breaches"] == {
        "p95_ms": 310, "within_300ms": False, "queries": 10, "within_20_queries": True, "year_seconds": 41.5,
        "day_seconds": 0.3,
    }  # fmt: skip
    assert found["import"] == {"ratio_to_copy_indexed": 0.6}
    assert "queue" not in found
