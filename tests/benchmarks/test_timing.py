from benchmarks.timing import in_turns


def test_calls_are_timed_in_turns_after_a_warm_up():
    order = []
    times = in_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 2)
    assert order == ["b", "a", "a", "b", "b", "a"]
    assert len(times["a"].wall) == len(times["b"].processor) == 2
    assert times["a"].per_second(10) > 0


def test_speeds_are_those_of_the_median_turn():
    times = in_turns({"a": lambda: None}, 3, warm_up=False)["a"]
    times.wall[:] = [1.0, 2.0, 10.0]
    assert times.per_second(100) == 50
