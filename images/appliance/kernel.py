"""The kernel of an image and its modules."""
import shutil

from .lists import entries
from .process import Failed, run


class Kernel:
    """The one kernel in TREE/kernel, as make-root unpacked it."""

    def __init__(self, tree):
        self.tree = tree / "kernel"
        versions = sorted(folder.name for folder in (self.tree / "lib/modules").iterdir())
        if len(versions) != 1:
            raise Failed(f"{self.tree} has not one kernel but {len(versions)}")
        self.version = versions[0]
        self.folder = self.tree / "usr/lib/modules" / self.version
        lines = (line.split(":") for line in (self.folder / "modules.dep").read_text().splitlines())
        self.needs = {path: rest.split() for path, rest in lines}
        self.paths = {self.name(path): path for path in self.needs}
        self.builtin = {self.name(path) for path in (self.folder / "modules.builtin").read_text().split()}

    @staticmethod
    def name(path):
        return path.rsplit("/", 1)[-1].removesuffix(".ko").replace("-", "_")

    @property
    def image(self):
        return self.tree / "boot" / f"vmlinuz-{self.version}"

    def with_needs(self, names):
        """Paths of the modules and of all they need, in the order in which they can be loaded."""
        order = []
        for name in names:
            if name in self.builtin:
                continue
            if name not in self.paths:
                raise Failed(f"kernel {self.version} has no module {name}")
            path = self.paths[name]
            order += [*reversed(self.needs[path]), path]
        return list(dict.fromkeys(order))

    def install(self, root):
        """Puts kernel and modules (modules/root.txt) into the tree of a root."""
        shutil.copyfile(self.image, root / "boot/vmlinuz")
        target = root / "usr/lib/modules" / self.version
        for path in self.with_needs(entries("modules/root.txt")):
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.folder / path, target / path)
        for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
            shutil.copyfile(self.folder / name, target / name)
        run("depmod", "-b", root, self.version)
