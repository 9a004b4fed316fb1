"""What wrk is told to ask."""

from bench.wrk import Target


def test_it_asks_one_path_or_any_of_many() -> None:
    assert Target(1, 2, "/a").choice == ""
    assert "'/a-%d', math.random(0, 6)" in Target(1, 2, "/a-%d", many=7).choice
    assert 'local paths = {"/a?q=\\"x\\"", "/b"}' in Target(1, 2, "/", paths=('/a?q="x"', "/b")).choice
