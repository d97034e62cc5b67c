"""Claims on answers: a courtesy among the people who grade at once. A claim refuses no decision."""

import re
from dataclasses import dataclass
from datetime import timedelta

from aita.errors import ConflictError, NotFoundError
from aita.models.claim import Claim, ClaimList, ClaimView, Released
from aita.models.names import check_assignment
from aita.ports import ClaimStore, Clock
from aita.services.assignments.deciding_person import name_of
from aita.services.grading.answer_pages import claim_view

HOLDS = timedelta(minutes=2)
"""Time for which a claim holds. Whoever is still at work renews it; a closed window gives it free by itself."""

_CELL_ID = re.compile(r"c-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Claims:
    """Operations on claims."""

    claims: ClaimStore
    clock: Clock

    def claim(self, assignment: str, cell_id: str, window: str, caller: str) -> ClaimView:
        """Claim an answer, or renew the claim of this person and window.

        Raises
        ------
        ConflictError
            If somebody else, or another window, holds it.
        NotFoundError
            If the id is no answer's. The exam is not read for this, as claims are renewed every minute.
        RequestError
            If the request was not signed by anybody.
        """
        if not _CELL_ID.fullmatch(cell_id):
            raise NotFoundError(
                f"there is no answer {cell_id[:40]!r}: 'aita review list --assignment {assignment}' lists the ids"
            )
        now = self.clock()
        claim = Claim(cell_id=cell_id, by=name_of(caller), caller=caller, window=window, until=now + HOLDS)
        if not self.claims.claim(check_assignment(assignment), claim, now):
            holder = next((each for each in self.claims.of(assignment) if each.cell_id == cell_id), None)
            who = f"{holder.by}, until {holder.until:%H:%M:%S} UTC" if holder is not None else "somebody else"
            raise ConflictError(f"{cell_id} is claimed by {who}: take another answer, or try again then")
        return claim_view(claim, caller, window)

    def release(self, assignment: str, cell_id: str, window: str, caller: str) -> Released:
        """Give an answer free that this person claimed in this window; without such a claim, nothing happens."""
        self.claims.release(check_assignment(assignment), cell_id, caller, window, self.clock())
        return Released(cell_id=cell_id)

    def holding(self, assignment: str, window: str, caller: str) -> ClaimList:
        """Return the claims that hold, as this person and window see them."""
        now = self.clock()
        held = (claim for claim in self.claims.of(check_assignment(assignment)) if claim.until > now)
        return ClaimList(claims=tuple(claim_view(claim, caller, window) for claim in held))
