#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Changes constants of the engine one at a time, in a copy of the tree; each must turn a test red.

A test suite that stays green when the reclaim batch is 31 pages instead of 32 does not test the
reclaim batch. scripts/mutations.txt lists the changes and the tests that should notice each.

    mutate.py              all of them
    mutate.py 3 7          only these, counted from 1
    mutate.py --table      the list in Markdown, as it stands in docs/hacking.md

The copy lies in .build-mutate and keeps its build between runs; the tree itself is never touched.
First the unchanged copy must be green under every filter, and every filter must select tests.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / ".build-mutate"
LIST = ROOT / "scripts/mutations.txt"
ENGINE = "Sources/ReclaimEngine"
# A mutant may loop for ever; the slowest unchanged filter takes a fraction of this.
LIMIT_SECONDS = 300


class Mutation:
    def __init__(self, line, number):
        # `|` separates; `\\|` is one that belongs to a filter.
        fields = [field.strip().replace("\\|", "|") for field in re.split(r"(?<!\\)\|", line)]
        if len(fields) != 5:
            sys.exit(f"{LIST.name}:{number}: five fields are wanted, found {len(fields)}")
        self.files, self.text, self.instead, self.filter, self.notices = fields
        self.where = f"{LIST.name}:{number}"

    def place(self):
        """The one file of the copy that holds the text once, and its content; or a complaint."""
        found = [path for path in sorted((COPY / ENGINE).glob(self.files))
                 for _ in range(path.read_text().count(self.text))]
        if len(found) != 1:
            return None, f"{self.where}: stands {len(found)} times in {self.files}, not once"
        return found[0], found[0].read_text()


def mutations():
    lines = enumerate(LIST.read_text().splitlines(), 1)
    return [Mutation(line, number) for number, line in lines if line and not line.startswith("#")]


def copy_tree():
    """Brings the copy up to date; unchanged files keep their date, so builds stay small."""
    COPY.mkdir(exist_ok=True)
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout
    wanted = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
    for name in wanted:
        source, target = ROOT / name, COPY / name
        if not target.is_file() or source.read_bytes() != target.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            shutil.copymode(source, target)
    for folder, folders, files in os.walk(COPY):
        if pathlib.Path(folder) == COPY and ".build" in folders:
            folders.remove(".build")
        for name in files:
            path = pathlib.Path(folder) / name
            if str(path.relative_to(COPY)) not in wanted:
                path.unlink()


def end_session(leader):
    """Ends a session of ours. `swift test` gives its helper a process group of its own, so the
    group of the leader is not enough; the session holds both."""
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            # The name, in parentheses, may hold anything; behind it: state, parent, group, session.
            session = (entry / "stat").read_text().rpartition(")")[2].split()[3]
            if int(session) == leader:
                os.kill(int(entry.name), signal.SIGKILL)
        except (OSError, IndexError):
            continue


def run(*command):
    """(exit code or None after the time limit, output); whatever it started ends with it."""
    process = subprocess.Popen(command, cwd=COPY, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=LIMIT_SECONDS)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        end_session(process.pid)
        process.communicate()
        return None, ""


def build():
    return subprocess.run(["swift", "build", "--build-tests"], cwd=COPY, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)


def test(filter):
    return run("swift", "test", "--disable-xctest", "--skip-build", "--filter", filter)


def first_red(code, output):
    """What the tests said, in one line; None when they stayed green."""
    if code == 0:
        return None
    if code is None:
        return f"no end within {LIMIT_SECONDS} s"
    failed = re.search(r"^✘ Test (\S.*?) (?:recorded an issue|failed)", output, re.MULTILINE)
    return failed.group(1) if failed else f"ended with code {code}"


def complain_about_baseline(filters):
    built = build()
    if built.returncode != 0:
        return "the unchanged tree does not build:\n" + built.stdout[-2000:]
    for filter in sorted(filters):
        code, output = test(filter)
        if code != 0:
            return f"the unchanged tree is red under --filter '{filter}':\n" + output[-2000:]
        if not re.search(r"Test run with [1-9]\d* test", output):
            return f"--filter '{filter}' selects no test"
    return None


def try_one(mutation):
    """(noticed?, what happened)."""
    path, content = mutation.place()
    if path is None:
        return False, content
    path.write_text(content.replace(mutation.text, mutation.instead))
    try:
        if build().returncode != 0:
            return False, "does not build: no test could notice it"
        red = first_red(*test(mutation.filter))
        return red is not None, red or "every test stayed green"
    finally:
        path.write_text(content)


def table(all_mutations):
    print("| constant | changed to | what must notice |\n|---|---|---|")
    for mutation in all_mutations:
        instead = re.sub(r"^\w+: ", "", mutation.instead)
        print(f"| `{mutation.text}` | `{instead}` | {mutation.notices} |")


def main(arguments):
    every = mutations()
    if arguments == ["--table"]:
        table(every)
        return 0
    try:
        chosen = [every[int(text) - 1] for text in arguments] or every
    except (ValueError, IndexError):
        print(__doc__, file=sys.stderr)
        return 2
    copy_tree()
    complaint = complain_about_baseline({mutation.filter for mutation in chosen})
    if complaint:
        print(f"mutate: {complaint}")
        return 1
    survived = 0
    for mutation in chosen:
        start = time.monotonic()
        noticed, what = try_one(mutation)
        survived += not noticed
        seconds = time.monotonic() - start
        verdict = "noticed " if noticed else "SURVIVED"
        print(f"{verdict}  {mutation.text:<24} -> {mutation.instead:<24} {seconds:5.0f} s  {what}",
              flush=True)
    print(f"mutate: {len(chosen) - survived} passed, {survived} failed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
