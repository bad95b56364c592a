"""The same recordings with one defence left out: each has to be found."""
from disk import Change, Flush


def without_flush_of_tree(events):
    """The tree is not flushed before it gets its name."""
    return [event for event in events if not (isinstance(event, Flush) and event.node is None)]


def without_flush_of_folders(events):
    """Names are never flushed."""
    return [event for event in events if not (isinstance(event, Flush) and event.node and event.node.kind == "folder")]


def without_flush_of_files(events):
    """What is in files is never flushed."""
    return [event for event in events if not (isinstance(event, Flush) and event.node and event.node.kind == "file")]


def switched_in_two(events):
    """`current` is removed, then made anew, where one rename(2) does both."""
    def parts(event):
        names = event.names if isinstance(event, Change) else ()
        for folder, name, node in names:
            if name == "current" and node is not None and len(names) == 2:
                return [Change("the removal of the link", [(folder, name, None)]), event]
        return [event]
    return [part for event in events for part in parts(event)]


# And the scenarios in which each is found.
ALL = [(without_flush_of_tree, {"install", "update"}), (without_flush_of_folders, {"update", "purge", "rollback"}),
       (without_flush_of_files, {"update", "purge", "rollback", "put back"}), (switched_in_two, {"update", "rollback"})]
