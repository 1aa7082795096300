"""What an officer may not do without a supervisor: asked for, and answered once."""

from services.routing.domain.words import Named
from shared.errors import ConflictError


class Kind(Named):
    EXTENSION = "extension", "延期"
    REPEAT_NOTICE = "repeat_notice", "再次告知"
    REVOCATION = "revocation", "撤销决定"


class State(Named):
    ASKED = "asked", "待批准"
    APPROVED = "approved", "已批准"
    REFUSED = "refused", "未批准"
    VOID = "void", "已失效"


class AlreadySettledError(ConflictError):
    code = "approval-settled"

    def __init__(self, state: State) -> None:
        super().__init__(
            f"该申请{state.zh}", f"this request is {state.value} already", state=state.value
        )


class AlreadyAskedError(ConflictError):
    code = "approval-already-asked"

    def __init__(self, kind: Kind) -> None:
        super().__init__(
            f"“{kind.zh}”已在等待科长批准",
            f"{kind.value} already waits for a supervisor",
            kind=kind.value,
        )


def settle(state: State, *, approved: bool) -> State:
    if state is not State.ASKED:
        raise AlreadySettledError(state)
    return State.APPROVED if approved else State.REFUSED
