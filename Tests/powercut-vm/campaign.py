"""What a run does, some of it at a time: record, kill, survey, boot; and what it says of that."""
import concurrent.futures
import multiprocessing
import os
import random
import shutil
import time
from collections import Counter

import boots
import controls
import recorder
from appliance.process import Failed
import study

# Kinds of violations that are printed of one recording.
SHOWN = 5


def survey(name, options, boots_wanted):
    """In a process of its own: a recording's counts, what the controls found, and images for machines."""
    chosen = study.Study(name, options)
    if options.point:
        return chosen.check(options.point), [], []
    count = chosen.survey()
    chance = random.Random(f"{options.seed}:{name}:boots")
    windows = chance.sample(sorted(chosen.points), min(boots_wanted, len(chosen.points)))
    samples = chosen.assemble([chance.choice(chosen.points[number]) for number in windows])
    return count, [(control.what, chosen.finds(control)) for control in controls.CONTROLS], samples


class Campaign:
    def __init__(self, options):
        self.options, self.failures, self.totals = options, 0, {}
        self.began, self.port, self.states = time.monotonic(), None, None
        self.pool = concurrent.futures.ThreadPoolExecutor(options.jobs)

    def say(self, text):
        print(f"[{time.monotonic() - self.began:6.1f} s] {text}", flush=True)

    def fail(self, what, text):
        self.failures += 1
        self.say(f"FAILED: {what}\n" + "\n".join("    " + line for line in text.splitlines()))

    def start(self, function, arguments):
        """Has a function called with each of the arguments, when its turn comes."""
        return {self.pool.submit(function, argument): f"{function.__name__} {argument}"
                for argument in arguments}

    def finish(self, started):
        """Waits for what was started; what fails is told and counted."""
        for future in concurrent.futures.as_completed(started):
            if error := future.exception():
                text = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
                self.fail(started[future], text)

    # -- machines ---------------------------------------------------------------------------------------

    def record(self, name):
        began = time.monotonic()
        recorder.record(name, str(self.options.work / name), str(self.options.disk), self.port)
        self.say(f"recorded {name} in {time.monotonic() - began:.0f} s: {recorder.SCENARIOS[name].summary}")

    def kill(self, number):
        """One machine that is killed, and what becomes of its disk."""
        chance = random.Random(f"{self.options.seed}:kill:{number}")
        folder = self.options.work / f"kill-{number}"
        device = self.states.device("factory", str(folder))
        with device.vm:
            seconds = boots.kill(device, chance)
        inspector = study.inspector(self.options, str(self.options.disk), str(folder))
        facts = study.facts_of(device.vm.disk_path, inspector, str(folder / "disk"))
        boots.prove(device.vm.disk_path, str(folder / "again"), self.port, facts)
        self.say(f"killed {seconds:.1f} s after an update was begun ({facts.summary}); booted and updated")
        shutil.rmtree(folder)

    def boot(self, sample):
        boots.prove(sample.path, f"{sample.path}.logs", self.port, sample.facts)
        self.say(f"booted and updated {sample.point} ({sample.facts.summary})")
        os.unlink(sample.path)

    # -- surveys ----------------------------------------------------------------------------------------

    def survey(self, names):
        """Surveys each recording in a process of its own; returns images for machines."""
        # Not forked: threads that watch machines may be in the midst of anything.
        samples, context, count = [], multiprocessing.get_context("spawn"), len(names)
        wanted = self.options.boots
        shares = [wanted // count + (number < wanted % count) for number in range(count)]
        with concurrent.futures.ProcessPoolExecutor(self.options.jobs, mp_context=context) as pool:
            running = {pool.submit(survey, name, self.options, share): name
                       for name, share in zip(names, shares)}
            self.finish({future: f"survey {name}" for future, name in running.items()})
            for future, name in running.items():
                if not future.exception():
                    samples += self.report(name, *future.result())
        return samples

    def report(self, name, count, controls_found, samples):
        for key, number in count.numbers.items():
            self.totals[key] = self.totals.get(key, 0) + number
        self.say(f"surveyed {name}: " + ", ".join(f"{number} {key}" for key, number in count.numbers.items()))
        again = (f"once more: run --recorded --scenario {name} --seed {self.options.seed}"
                 f" --points {self.options.points} --point")
        kinds = Counter(violation.sentence for violation in count.violations)
        for sentence, number in kinds.most_common(SHOWN):
            first = next(violation for violation in count.violations if violation.sentence == sentence)
            self.fail(f"survey of {name}, {number} times", f"{first}\n  {again} {first.point}")
        for what, found in controls_found:
            if found:
                self.say(f"control: {what}: found, '{found}'")
            else:
                self.fail(f"control: {what}", "the survey did not find it")
        return samples
