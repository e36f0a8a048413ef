#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds a build to what it has reached: no recording may fall below Tests/FidelityTests/floor.json.

A cell is one counter over one interval between two marks of a recording. It *holds* when simulated
and real differ by no more than the class of the recording allows, and is *equal* when they do not
differ at all. `reclaimlua validate --json` gives both numbers of each cell; this counts them.
Where both are zero there is nothing to count; such *zeros* are kept beside, for when a simulated 3
against a real 0 is mended, a cell that held becomes a zero, and that is no fall.

    fidelity.py                compare the shipped recordings with the floor
    fidelity.py --raise        compare, then lift the floor to what is reached; it never sinks
    fidelity.py --self-test    the counting itself, on made-up cells

Where an official scorer lies beside the repository (../shared/fidelity/score.py) it counts too. It
shows a build the question only, so agreement also says that the answers were not looked at.
"""
import gzip
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORDINGS = ROOT / "Tests/FidelityTests/recordings"
FLOOR = ROOT / "Tests/FidelityTests/floor.json"
BINARY = ROOT / ".build/release/reclaimlua"
SCORER = ROOT.parent / "shared/fidelity/score.py"
COUNTED = ("cells", "hold", "equal")
KINDS = COUNTED + ("zeros",)

TIMED_FAMILIES = {"d", "f", "g", "i", "j"}
TIMED_DEVICES = {"null", "zram", "brd"}
# The workload program itself leaves at `end`; the memory it frees is not the kernel's doing.
UNSCORED_AT_END = {"vmstat.nr_free_pages", "vmstat.nr_unevictable"}


def load(path):
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as file:
        return json.load(file)


def tolerance(recording):
    """(pages, share of the real value) that a cell may be off."""
    scenario = recording["scenario"]
    devices = {text.split()[1] for text in scenario.get("machine", {}).get("devices", [])}
    timed = scenario["family"] in TIMED_FAMILIES or devices & TIMED_DEVICES
    return (64, 0.03) if timed else (32, 0.01)


def slack(name, real, pages, share):
    last = name.rsplit(".", 1)[-1]
    if last in ("oom_kill", "event_oom_kill"):
        return 0
    rare = last == "allocstall" or last.startswith("event_")
    return max(2 if rare else pages, share * abs(real))


def count(intervals, ranges, allowed):
    """Cells, those that hold, those that are equal, of one answer of `validate --json`."""
    totals = dict.fromkeys(KINDS, 0)
    for at, interval in enumerate(intervals):
        bounds = ranges[at]["cells"] if at < len(ranges) else {}
        for name, cell in interval["counters"].items():
            real, simulated = cell["real"], cell["sim"]
            if real is None or interval["to"] == "end" and name in UNSCORED_AT_END:
                continue
            low, high = bounds.get(name, (real, real))
            if low == high == simulated == 0:
                totals["zeros"] += 1
                continue
            off = max(low - simulated, simulated - high, 0)
            holds = off <= slack(name, real, *allowed)
            totals["cells"] += 1
            totals["hold"] += holds
            # How free pages split between zone and CPU no file shows: holding is all one can ask.
            totals["equal"] += holds and (off == 0 or name.endswith("nr_free_pages"))
    return totals


def measure(path):
    """(totals, complaint) of one recording."""
    run = subprocess.run([BINARY, "validate", "--json", path], capture_output=True, text=True)
    try:
        answer = json.loads(run.stdout)[0]
    except (ValueError, IndexError, KeyError):
        return None, f"no answer (exit {run.returncode}): {run.stderr.strip()[:200]}"
    if answer["status"] != "ok":
        return None, f"{answer['status']}: {answer.get('reason')}"
    recording = load(path)
    ranges = recording.get("ranges", {}).get("intervals", [])
    return count(answer["intervals"], ranges, tolerance(recording)), None


def key(path):
    return f"{path.parent.name}/{path.name.removesuffix('.gz').removesuffix('.json')}"


def below(reached, floor):
    now, then = reached.get("zeros", 0), floor.get("zeros", 0)
    return [f"{kind} {reached[kind]} (and {now} zeros), floor {floor[kind]} (and {then} zeros)"
            for kind in COUNTED if reached[kind] + now < floor[kind] + then]


def lowered(now, before):
    """Entries of the floor that are lower than the floor before, or gone."""
    return [name for name in before if name not in now or below(now[name], before[name])]


def committed_floor():
    name = FLOOR.relative_to(ROOT)
    for commit in ("HEAD~1", "HEAD"):
        run = subprocess.run(["git", "show", f"{commit}:{name}"], cwd=ROOT, capture_output=True)
        if run.returncode == 0:
            yield commit, json.loads(run.stdout)


def official(paths):
    """The scorer's totals by key, or None where there is no scorer."""
    if not SCORER.exists():
        return None
    command = [sys.executable, SCORER, "--bin", BINARY, "--json", *paths]
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {key(path): {"cells": row["cells"], "hold": row["ok"], "equal": row["equal"]}
            for path, row in zip(paths, rows)}


def compare(paths, floor):
    """Prints a line for each recording; (what was reached, complaints)."""
    reached, complaints = {}, []
    scored = official(paths)
    print(f"{'recording':<36} {'cells':>6} {'hold':>6} {'equal':>6}")
    for path in paths:
        name = key(path)
        totals, complaint = measure(path)
        if totals is None:
            complaints.append(f"{name}: {complaint}")
            continue
        reached[name] = totals
        print(f"{name:<36} " + " ".join(f"{totals[kind]:>6}" for kind in COUNTED))
        if name not in floor:
            complaints.append(f"{name}: not in floor.json; scripts/fidelity --raise enters it")
        else:
            complaints += [f"{name}: {text}" for text in below(totals, floor[name])]
        if scored is not None and scored[name] != {kind: totals[kind] for kind in COUNTED}:
            complaints.append(f"{name}: the official scorer counts {scored[name]}, not {totals}")
    complaints += [f"{name}: in floor.json, but no such recording is shipped"
                   for name in floor if name not in {key(path) for path in paths}]
    print("official scorer: " + ("not here" if scored is None else "counted too"))
    return reached, complaints


def raise_floor(reached, floor):
    for name, totals in reached.items():
        if name not in floor or not below(totals, floor[name]):
            floor[name] = totals
    lines = [f'  {json.dumps(name)}: {json.dumps(floor[name])}' for name in sorted(floor)]
    FLOOR.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def self_test():
    def totals(name, real, simulated, to="a", ranges=(), allowed=(32, 0.01)):
        cell = {name: {"real": real, "sim": simulated}}
        got = count([{"to": to, "counters": cell}], list(ranges), allowed)
        return tuple(got[kind] for kind in COUNTED)

    def machine(family, device):
        return tolerance({"scenario": {"family": family, "machine": {"devices": [device]}}})

    def entry(*numbers):
        return {"a": dict(zip(KINDS, numbers))}

    span = [{"cells": {"vmstat.x": [10, 20]}}]
    checks = [
        (totals("vmstat.x", 5, 5), (1, 1, 1)),
        (totals("vmstat.x", 0, 0), (0, 0, 0)),
        (totals("vmstat.x", None, 5), (0, 0, 0)),
        (totals("vmstat.x", 100, 132), (1, 1, 0)),
        (totals("vmstat.x", 100, 133), (1, 0, 0)),
        (totals("vmstat.x", 10000, 10100), (1, 1, 0)),
        (totals("vmstat.x", 10000, 10101), (1, 0, 0)),
        (totals("vmstat.nr_free_pages", 100, 110), (1, 1, 1)),
        (totals("vmstat.nr_free_pages", 100, 110, to="end"), (0, 0, 0)),
        (totals("vmstat.allocstall", 10, 12), (1, 1, 0)),
        (totals("vmstat.allocstall", 10, 13), (1, 0, 0)),
        (totals("cgroup:/c.event_oom_kill", 1, 2), (1, 0, 0)),
        (totals("vmstat.x", 15, 20, ranges=span), (1, 1, 1)),
        (totals("vmstat.x", 15, 52, ranges=span), (1, 1, 0)),
        (totals("vmstat.x", 15, 53, ranges=span), (1, 0, 0)),
        (machine("a", "fs pmem 64"), (32, 0.01)),
        (machine("a", "fs null 64"), (64, 0.03)),
        (machine("f", "fs pmem 64"), (64, 0.03)),
        (lowered(entry(2, 2, 1, 0), entry(2, 2, 2, 0)), ["a"]),
        (lowered(entry(2, 1, 2, 0), entry(2, 2, 2, 0)), ["a"]),
        (lowered(entry(1, 1, 1, 0), entry(2, 2, 1, 0)), ["a"]),
        (lowered(entry(1, 1, 1, 1), entry(2, 2, 1, 0)), []),
        (lowered({}, entry(0, 0, 0, 0)), ["a"]),
        (lowered(entry(3, 2, 2, 0), entry(2, 2, 2, 0)), []),
    ]
    failed = [(got, want) for got, want in checks if got != want]
    for got, want in failed:
        print(f"fidelity.py --self-test: got {got}, expected {want}")
    print(f"fidelity.py --self-test: {len(checks) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if arguments not in ([], ["--raise"]):
        print(__doc__, file=sys.stderr)
        return 2
    paths = sorted(path for path in RECORDINGS.glob("*/*.json*") if path.is_file())
    if not paths:
        print(f"fidelity: no recordings in {RECORDINGS.relative_to(ROOT)}", file=sys.stderr)
        return 1
    floor = json.loads(FLOOR.read_text()) if FLOOR.exists() else {}
    reached, complaints = compare(paths, floor)
    for commit, before in committed_floor():
        complaints += [f"{name}: its floor is lower than in {commit}; it only rises"
                       for name in lowered(floor, before)]
    if arguments:
        raise_floor(reached, floor)
        print("floor.json written")
    for complaint in complaints:
        print(f"fidelity: {complaint}")
    print(f"fidelity: {len(paths)} recordings, {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
