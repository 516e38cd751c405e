"""Compare hashes of all outputs with recorded ones, to prove that a refactoring changes no byte.

``python tests/frozen.py`` makes, in a temporary workspace and through the commands alone, the
pages, Metric tables, explanations, messages, forms and findings of all data sets and compares
them with ``tests/frozen.txt``. Files that differ are listed, and the exit code is 1; ``--keep DIR``
leaves the files in DIR, to be compared with those of another version; ``--write`` records the
current hashes. A commit that changes a hash explains why.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from email import message_from_bytes, policy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD = Path(__file__).with_suffix(".txt")

# Checkpoints whose pages are made. Explanations and messages are made for the first.
DATASETS = {
    "demo-city": ("2025H1", "2024H2", "2025H2", "2021H1"),
    "provinces": ("2023H2",),
    "counties": ("2013H1",),
    "reports": ("2020H1", "2020H2"),
}
SENDER = '\n[sender]\naddress = "tongji@example.org"\nname = "示例"\n[mail]\nhost = "smtp.example.org"\ndomains = ["example.org"]\n'
RECIPIENTS = (
    "address,name,role,districts,what,form\nall@example.org,示例：规划科,analyst,*,both,both\n"
)
DIGEST = re.compile(rb"\b[0-9a-f]{12,64}\b")
# User and time of an intake.
MOVING = re.compile(rb'"who": "[^"]*"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00')
MOMENT = "2025-07-20T01:30:00+00:00"
FAULTY = """district,indicator,checkpoint,value,unit,published_growth,note
900101,发明专利授权量,2025H1,-5,件,,
900102,发明专利授权量,2025H1,12.5,件,,
900103,发明专利授权量,2025H1,很多,件,,
900999,发明专利授权量,2025H1,5,件,,
900104,发明专利授权两,2025H1,5,件,,
900105,技术合同登记成交额,2025H1,5,件,,
900106,技术合同登记成交额,2025H1,56000000,万元,,
900107,技术合同登记成交额,2025H3,56,亿元,,
900108,发明专利授权量,2025H1,7,件,,
900108,发明专利授权量,2025H1,8,件,,
900109,发明专利授权量,2025H1,20xx多,件,,
900110,专利授权量,2025H1,90000,件,0.125,
"""
# Writes every explanation of a checkpoint, with public names only.
EXPLAIN = """
import sys
from pathlib import Path
import kejistats as kj
ds = kj.open(sys.argv[1])
out = Path(sys.argv[3])
out.mkdir(parents=True)
rows = ds.metrics(sys.argv[2]).select("district", "indicator", "level").rows()
by_district = {}
for n, (district, indicator, level) in enumerate(rows):
    text = by_district.setdefault(district, [])
    found = ds.explain(district, indicator, sys.argv[2], level=level)
    text.append(str(found))
    if n % 8 == 0:
        text.append(found._repr_html_())
for district, texts in by_district.items():
    (out / f"{district}.txt").write_text("\\n\\n".join(texts), encoding="utf-8")
"""


def call(root: Path, *command: str, fails: bool = False) -> str:
    """Run Python with arguments in the workspace and return its output."""
    env = {k: v for k, v in os.environ.items() if k != "KEJISTATS_DEBUG"}
    env |= {"HOME": str(root / "home"), "PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [sys.executable, *command], cwd=root, env=env, capture_output=True, encoding="utf-8",
        check=False,
    )  # fmt: skip
    if process.returncode != int(fails):
        sys.exit(
            f"{command}: exit {process.returncode}\n{process.stdout[-2000:]}\n{process.stderr[-2000:]}"
        )
    return process.stdout


def run(root: Path, *command: str, fails: bool = False) -> str:
    """Run a command of kejistats."""
    return call(root, "-m", "kejistats", *command, fails=fails)


def make(root: Path, kept: Path) -> None:
    """Make all files to be hashed, below `kept`."""
    for name in ("schemas", "notebooks"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns(".ipynb_*"))
    (root / "home").mkdir()
    for name, checkpoints in DATASETS.items():
        data, out = root / "data" / name, kept / name
        ignored = shutil.ignore_patterns("store", "final", "mail", "__pycache__")
        shutil.copytree(ROOT / "data" / name, data, ignore=ignored)
        settings = data / "dataset.toml"
        if "[sender]" not in settings.read_text("utf-8"):
            settings.write_text(settings.read_text("utf-8") + SENDER, encoding="utf-8")
            (data / "recipients.csv").write_text(RECIPIENTS, encoding="utf-8")
        out.mkdir(parents=True)
        dataset = f"data/{name}"
        (out / "intake.json").write_text(
            run(root, "intake", dataset, "--json").replace(str(root), ""), encoding="utf-8"
        )
        call(root, "-c", EXPLAIN, dataset, checkpoints[0], str(out / "explain"))
        for at in checkpoints:
            run(root, "metrics", dataset, "-c", at, "-o", str(out / f"metrics-{at}.csv"))
            run(root, "briefs", dataset, "-c", at)
            made = root / "out" / name / at
            for page in sorted(made.glob("*.html")):
                shutil.copy(page, out / f"{at}-{page.name}")
        final(root, name, checkpoints[0], out)
    demo = kept / "demo-city"
    file = root / "2025H1-faulty.csv"
    file.write_text(FAULTY, encoding="utf-8")
    report = root / "report"
    command = ("check", "data/demo-city", file.name, "--report", str(report), "--json")
    (demo / "check.json").write_text(run(root, *command, fails=True), encoding="utf-8")
    shutil.copy(report / "findings.html", demo / "findings.html")
    run(root, "template", "data/demo-city", "-c", "2026H1", "--out", str(demo / "forms"))
    parameters = "dataset data/demo-city district 900101 checkpoint 2025H1 other_checkpoint 2024H1"
    pairs = parameters.split()
    compare = [x for n in range(0, len(pairs), 2) for x in ("-p", pairs[n], pairs[n + 1])]
    engine = ("--engine", "kejistats", "notebooks/compare.ipynb", "compare.out.ipynb")
    call(root, "-m", "papermill", *engine, *compare)
    call(root, "-m", "jupyter", "nbconvert", "--to", "kejistats", "compare.out.ipynb")
    shutil.copy(next(root.glob("compare.out*.html")), demo / "compare.html")


def final(root: Path, name: str, at: str, out: Path) -> None:
    """Finalise a checkpoint at a fixed moment and write its messages."""
    run(root, "finalise", f"data/{name}", "-c", at)
    record = root / "data" / name / "final" / f"{at}.json"
    text = record.read_text("utf-8")
    text = re.sub(r'"(when|released_at)": "[^"]*"', rf'"\1": "{MOMENT}"', text)
    record.write_text(text, encoding="utf-8")
    run(root, "mail", f"data/{name}", "-c", at)
    for page in sorted((root / "out" / name / at).glob("*.html")):
        shutil.copy(page, out / f"{at}-final-{page.name}")
    for message in sorted((root / "out" / name / at / "mail").iterdir()):
        shutil.copy(message, out / f"mail-{message.name}")


def hashes(kept: Path) -> dict[str, str]:
    """Return the SHA-256 of every file's content, by its path."""
    return {
        file.relative_to(kept).as_posix(): hashlib.sha256(content(file)).hexdigest()
        for file in sorted(kept.rglob("*"))
        if file.is_file()
    }


def content(file: Path) -> bytes:
    """Return the content of a file without digests and times.

    A page contains the digest of its bundle, which changes with the name of any column.
    """
    raw = file.read_bytes()
    if file.suffix == ".eml":
        message = message_from_bytes(raw, policy=policy.SMTP)
        headers = [f"{message[name]}" for name in ("From", "To", "Subject", "Date")]
        parts = [part for part in message.walk() if not part.is_multipart()]
        part_contents = [
            f"{part.get_content_type()} {part.get_filename()}".encode()
            + DIGEST.sub(b"", part.get_payload(decode=True))
            for part in parts
        ]
        return "\n".join(headers).encode() + b"\n".join(part_contents)
    if file.suffix == ".xlsx":
        with zipfile.ZipFile(file) as package:
            return b"".join(DIGEST.sub(b"", package.read(name)) for name in package.namelist())
    return MOVING.sub(b"", DIGEST.sub(b"", raw))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="record the current hashes")
    parser.add_argument("--keep", type=Path, help="a new folder in which to keep the files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "workspace"
        root.mkdir()
        kept = arguments.keep.resolve() if arguments.keep else root / "kept"
        make(root, kept)
        current = hashes(kept)
    if arguments.write:
        RECORD.write_text("".join(f"{h}  {f}\n" for f, h in current.items()), encoding="utf-8")
        print(f"{len(current)} hashes written to {RECORD.name}")
        return 0
    lines = RECORD.read_text("utf-8").splitlines()
    recorded = {file: digest for digest, file in (line.split("  ", 1) for line in lines)}
    differing = [f for f in {**recorded, **current} if recorded.get(f) != current.get(f)]
    for file in differing:
        state = "gone" if file not in current else "new" if file not in recorded else "changed"
        print(f"{state}: {file}")
    print(f"{len(current)} files, {len(differing)} differ from {RECORD.name}")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
