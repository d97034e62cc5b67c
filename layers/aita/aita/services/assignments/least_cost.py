"""Assignment of rows to columns at the least total cost, each column to one row at most, and how sure each pair is."""

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple


class Pair(NamedTuple):
    """Column of a row, ``None`` for no column, and the margin: the growth of the total if the row may not have it."""

    column: int | None
    margin: int


def assign(costs: Sequence[Mapping[int, int]], nothing: int, most: int) -> list[Pair]:
    """Return each row's column at the least total cost, and its margin.

    It is the Hungarian method, with potentials and Dijkstra's shortest augmenting paths over the columns that a row may
    have (R. Jonker and A. Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment
    problems", Computing 38, 1987). Two best assignments differ in pairs of margin 0.

    Parameters
    ----------
    costs
        For each row the costs, from 0, of the columns (numbers from 0) that it may have.
    nothing
        Cost of a row without a column.
    most
        Bound of margins: a larger one is not told from it.
    """
    assignment = _Assignment([{**row, ~number: nothing} for number, row in enumerate(costs)])
    for row in range(len(costs)):
        assignment.add(row)
    return [assignment.pair(row, most) for row in range(len(costs))]


class _Assignment:
    """Rows and the columns that they have; column ``~row`` stands for none, and belongs to its row alone.

    The potentials are such that no cost less those of its row and its column is negative, and those of pairs are 0.
    """

    def __init__(self, costs: list[dict[int, int]]) -> None:
        self._costs = [sorted((cost, column) for column, cost in row.items()) for row in costs]
        self._columns: dict[int, int] = {}
        self._owners: dict[int, int] = {}
        self._of_row = [min(row.values()) for row in costs]
        self._of_column = {column: 0 for row in costs for column in row}

    def add(self, row: int) -> None:
        """Give a row a column; rows that have one get others where that costs less."""
        before: dict[int, int] = {}
        passed: dict[int, int] = {}
        end, length = row, 0
        for end, length in self._paths(row, before, self._costs[row][-1][0] + 1):
            if end not in self._owners:
                break
            passed[end] = length
        self._of_row[row] += length
        for column, distance in passed.items():
            self._of_row[self._owners[column]] += length - distance
            self._of_column[column] -= length - distance
        while True:
            giver = before[end]
            given, end = end, self._columns.get(giver, end)
            self._columns[giver], self._owners[given] = given, giver
            if giver == row:
                return

    def pair(self, row: int, most: int) -> Pair:
        """Return a row's column and the least growth of the total by which it is another row's, or nobody's."""
        own = self._columns[row]
        paths = self._paths(row, {}, most, own)
        margin = next((distance for column, distance in paths if column == own), most)
        return Pair(own if own >= 0 else None, margin)

    def _paths(
        self, start: int, before: dict[int, int], most: int, given_up: int | None = None
    ) -> Iterator[tuple[int, int]]:
        """Yield columns with the length of the shortest path from a row to them, over rows' columns, from the nearest.

        Of columns at one distance, those without a row come first.

        Parameters
        ----------
        before
            Dictionary that gets the row before each column on its path.
        most
            Length from which on paths are left out.
        given_up
            Column that the row gives up: paths go on from a column without a row to every one that a row may leave.
        """
        waiting: list[tuple[int, bool, int]] = []
        shortest: dict[int, int] = {}

        def reach(column: int, distance: int) -> None:
            if distance < shortest.get(column, most):
                shortest[column], before[column] = distance, row
                heappush(waiting, (distance, column in self._owners and column != given_up, column))

        row, length, is_free_reached = start, 0, given_up is None
        while True:
            offset = length - self._of_row[row]
            for cost, column in self._costs[row]:
                if offset + cost >= most:  # and no less with the column's potential, which is never above 0
                    break
                if row != start or column != given_up:
                    reach(column, offset + cost - self._of_column[column])
            while waiting and waiting[0][0] > shortest[waiting[0][2]]:
                heappop(waiting)
            if not waiting:
                return
            length, _, column = heappop(waiting)
            yield column, length
            if column not in self._owners and not is_free_reached:
                is_free_reached = True
                for owned in self._owners:
                    reach(owned, length - self._of_column[owned])
            row = self._owners.get(column, start)
