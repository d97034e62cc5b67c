"""The table of paths has all of the definition: what is not on a path is run by no interpreter."""

from itertools import pairwise

from tests.aws.definition import Json
from tests.aws.paths import PATHS
from tests.template.conftest import all_states
from tests.template.test_definition import targets


def transitions(definition: Json) -> set[tuple[str, str]]:
    """Return each state with each that may follow it."""
    return {(name, target) for name, state in all_states(definition).items() for target in targets(state)}


def test_each_transition_is_on_a_path_and_each_path_is_in_the_definition(definition: Json) -> None:
    ways = [way.split() for path in PATHS for way in (path.run, path.item)]
    taken = {step for way in ways for step in pairwise(way)}
    assert taken == transitions(definition)


def test_each_path_begins_and_ends_where_the_definition_does(definition: Json) -> None:
    states = all_states(definition)
    items = definition["States"]["RunItems"]["ItemProcessor"]
    for path in PATHS:
        for start, way in ((definition["StartAt"], path.run), (items["StartAt"], path.item)):
            entered = way.split()
            assert not entered or (entered[0] == start and targets(states[entered[-1]]) == []), path.name


def test_paths_do_not_share_a_run() -> None:
    assert len({path.run_id for path in PATHS}) == len(PATHS)
