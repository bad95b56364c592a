"""The kinds of faults, and the calls that each can happen to. What they do: shim.c."""
from dataclasses import dataclass

from device import BUNDLE

READS = ("open", "read", "stat", "opendir", "close", "lock", "ioctl")
CHANGES = ("create", "write", "zero", "allocate", "truncate", "rename", "link", "unlink", "mkdir", "flush")
ALLOCATES = ("create", "write", "zero", "allocate", "rename", "link", "mkdir", "flush")


@dataclass(frozen=True)
class Kind:
    name: str
    does: str
    calls: tuple
    # From one call on, all later ones too.
    on: bool = False
    # The status that the fault itself may end a program with.
    ends: int | None = None
    # The one file that it happens to, by its name below the folder.
    file: str | None = None
    # The disk says something that is not true. Nothing is promised of the ledger then.
    lies: bool = False

    def environment(self, kit, device, at=0, seed=0, log=None):
        """What the shim has to know. Without `at` it only counts."""
        found = {"LD_PRELOAD": kit.shim, "KRUX_FAULT_ROOT": device.path,
                 "KRUX_FAULT_CALLS": f" {' '.join(self.calls)} ", "KRUX_FAULT_LOG": log or device.path + ".log"}
        if self.file:
            found["KRUX_FAULT_FILE"] = self.file
        if at:
            found |= {"KRUX_FAULT_KIND": self.does, "KRUX_FAULT_AT": str(at), "KRUX_FAULT_SEED": str(seed)}
            if self.on:
                found["KRUX_FAULT_ON"] = "1"
        return found


KINDS = (
    Kind("eio", "eio", READS + CHANGES),
    Kind("eio-on", "eio", READS + CHANGES, on=True),
    Kind("write-eio-on", "eio", CHANGES, on=True),
    Kind("enospc", "enospc", ALLOCATES),
    Kind("enospc-on", "enospc", ALLOCATES, on=True),
    Kind("erofs-on", "erofs", CHANGES, on=True),
    Kind("eintr", "eintr", ("open", "create", "read", "write")),
    Kind("short", "short", ("read", "write")),
    Kind("short-on", "short", ("read", "write"), on=True),
    Kind("drop", "drop", ("write", "zero"), lies=True),
    Kind("drop-on", "drop", ("write", "zero"), on=True, lies=True),
    Kind("alter", "alter", ("write",), lies=True),
    Kind("alter-on", "alter", ("write",), on=True, lies=True),
    Kind("alter-bundle", "alter", ("read",), file=BUNDLE),
    Kind("kill", "kill", CHANGES, ends=-9),
    Kind("kill-after", "kill-after", CHANGES, ends=-9),
    Kind("term", "term", READS + CHANGES, ends=-15),
)
