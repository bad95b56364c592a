"""All runs of a benchmark in one file, so that its plot can be drawn again without measuring."""

import json


def store(path, title, head, results):
    """Writes JSON with one run a line: programs, sources, levels, and what each run cost."""
    rows = []
    for runner, found in results.items():
        fields = {"label": runner.label.replace("\\|", "|"), "program": runner.program,
                  "source": runner.source, "level": runner.level}
        runs = ",\n".join(json.dumps(result.record(), sort_keys=True) for result in found)
        rows.append(f'{json.dumps(fields)[:-1]}, "runs": [\n{runs}]}}')
    opening = json.dumps({"title": title, "head": head}, ensure_ascii=False)[:-1]
    text = f'{opening}, "rows": [\n' + ",\n".join(rows) + "]}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def load(path):
    return json.loads(path.read_text())
