"""One recording, surveyed, and what else is wanted of it: controls, and images of some of its disks."""
import os
from dataclasses import dataclass

from appliance import gpt
from appliance.disk import Disk
from appliance.process import Failed

import controls
import logwrites
import rebuild
import recorder
import releases
import rules
import survey


def inspector(options, factory_disk, folder):
    """For disks that began as `factory_disk`."""
    images, known = releases.load(options.out)
    return survey.Inspector(Disk(factory_disk).read("esp"), images, known, folder)


def facts_of(path, inspector, folder):
    """What a disk image holds, while no machine runs on it. Raises Failed when that breaks a rule."""
    _, facts = inspector.facts(rebuild.Disk(path, folder), [])
    sentences = list(rules.broken(facts))
    if sentences:
        raise Failed("; ".join(sentences) + f"\n  {facts}")
    return facts


@dataclass
class Sample:
    """A disk image of a point, and what it holds."""
    point: str
    path: str
    facts: rules.Facts

    def __str__(self):
        return self.point


class Study:
    """The recording of a scenario in the folder `work`; `points`: window → names of its distinct disks."""

    def __init__(self, name, options):
        self.name, self.seed, self.random_points = name, options.seed, options.points
        self.recording = recorder.Recording(str(options.work / name))
        self.log = logwrites.Log(self.recording.log)
        self.log.follow()
        self.points, self.inspector = {}, inspector(options, self.recording.base, self.recording.folder)

    def _survey(self, log, points, stop_at=None):
        disk = rebuild.Disk(self.recording.base, os.path.join(self.recording.folder, "disk"))
        return survey.Survey(self.name, disk, log, self.recording.steps, self.inspector, self.seed, points,
                             stop_at)

    def survey(self):
        """Checks every point of the recording; returns the Count."""
        def visit(point, _):
            self.points.setdefault(int(point.split(":")[1]), []).append(point)
        return self._survey(self.log, self.random_points).walk(visit)

    def check(self, point):
        """Checks one point only, and leaves its disk image in the recording's folder; returns the Count."""
        self.assemble([point])
        walk = self._survey(self.log, self.random_points)
        walk.only = point
        return walk.walk()

    def finds(self, control):
        """What the survey says of a recording that was made worse, if that is what it has to find."""
        apply = controls.Apply(gpt.partitions(self.recording.base), self.log, self.recording.steps)
        try:
            self._survey(control.edit(apply), 0, control.finds).walk()
        except survey.Found as found:
            return str(found)
        return None

    def assemble(self, points):
        """Disk images of some points, for machines; Raises Failed where there is no such point."""
        wanted, samples = set(points), []
        walk = self._survey(self.log, self.random_points)
        for point, kept in walk.points_of({int(point.split(":")[1]) for point in points}):
            if point in wanted:
                wanted.discard(point)
                path = os.path.join(self.recording.folder, point.replace(":", "-") + ".img")
                with walk.disk.laid(kept, list(walk.disk.parts)):
                    walk.disk.assemble(self.recording.base, path)
                samples.append(Sample(point, path, self.inspector.facts(walk.disk, kept)[1]))
        if wanted:
            raise Failed(f"the recording has no point {sorted(wanted)[0]}")
        return samples
