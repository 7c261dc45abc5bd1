#!/usr/bin/env python3
"""Plants one fault at a time in a kernel and demands that the tests catch it.

    scripts/planted_faults.py --build BUILD [--only TEXT] [--table docs/planted_faults.md]

BUILD is a build folder in which libganymede_kernels_sim.a and libganymede_kernels_cpu.a are made. Each entry of
tests/kernels/faults/planted.json names a file, the text to find in it (once, whatever its line breaks), what stands
there instead, the kernel file that is compiled with it and the test that must fail. Nothing in the source tree is changed: the faulty file lies in a
temporary folder that comes first in the include path, and its object comes before the library when the test is linked.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-std=c++20", "-O1", "-ffp-contract=off", "-w"]
LIBRARIES = ["-lgtest", "-lgtest_main", "-lboost_context", "-ldnnl", "-fopenmp", "-lpthread"]


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **options)


def must(command):
    result = run(command)
    if result.returncode != 0:
        sys.exit("failed: " + " ".join(map(str, command)) + "\n" + result.stdout[-3000:])


def catch(fault, test_object, libraries, folder):
    """What the test says about the faulty kernel, or None when it passes."""
    original = (ROOT / fault["file"]).read_text()
    places = list(re.finditer(r"\s+".join(map(re.escape, fault["find"].split())), original))
    if len(places) != 1:
        sys.exit(f'{fault["file"]}: "{fault["find"]}" stands there {len(places)} times, must be once')
    faulty = folder / fault["file"]
    faulty.parent.mkdir(parents=True, exist_ok=True)
    faulty.write_text(original[:places[0].start()] + fault["replace"] + original[places[0].end():])
    source = fault.get("compile", fault["file"])
    path = faulty if source == fault["file"] else ROOT / source
    kernel_object, program = folder / "kernel.o", folder / "program"
    must(["g++", *FLAGS, f"-I{folder}", f"-I{ROOT}", "-x", "c++", "-c", path, "-o", kernel_object])
    # The faulty object first: of an inline function that both have, the linker keeps the one it meets first.
    must(["g++", kernel_object, test_object, *libraries, *LIBRARIES, "-o", program])
    try:
        result = run([program], timeout=120)
    except subprocess.TimeoutExpired:
        return "never ends"
    if result.returncode == 0:
        return None
    lines = [line.strip() for line in result.stdout.splitlines()]
    failed = [line.split()[3].rstrip(",") for line in lines if line.startswith("[  FAILED  ]") and "." in line and "ms)" in line]
    return ", ".join(failed) if failed else f"ends with status {result.returncode}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--build", type=pathlib.Path, required=True)
    arguments.add_argument("--only", default="", help="faults whose kernel or file contains this")
    arguments.add_argument("--table", type=pathlib.Path, help="write the list of faults and catches there")
    options = arguments.parse_args()
    faults = json.loads((ROOT / "tests/kernels/faults/planted.json").read_text())
    faults = [f for f in faults if options.only in f["kernel"] or options.only in f["file"]]
    libraries = [next(options.build.rglob(f"libganymede_kernels_{name}.a"), None) for name in ("sim", "cpu")]
    if None in libraries:
        sys.exit(f"{options.build}: libganymede_kernels_sim.a and libganymede_kernels_cpu.a are needed; build them first")
    table, missed, objects = [], 0, {}
    with tempfile.TemporaryDirectory() as temporary:
        launchers = pathlib.Path(temporary) / "tile_launchers.o"  # what the tests of tiled kernels call
        must(["g++", *FLAGS, f"-I{ROOT}", "-c", ROOT / "tests/kernels/tile_launchers.cpp", "-o", launchers])
        for number, fault in enumerate(faults):
            test = fault["test"]
            if test not in objects:
                objects[test] = pathlib.Path(temporary) / f"{test}.o"
                must(["g++", *FLAGS, f"-I{ROOT}", "-c", ROOT / f"tests/kernels/{test}.cpp", "-o", objects[test]])
            folder = pathlib.Path(temporary) / str(number)
            caught = catch(fault, objects[test], [launchers, *libraries], folder)
            missed += caught is None
            print(f'{fault["kernel"]}: {fault["fault"]}: {caught or "NOT CAUGHT"}', flush=True)
            table.append((fault["kernel"], fault["file"], fault["fault"], caught or "**not caught**"))
    if options.table:
        rows = "".join("| " + " | ".join(row) + " |\n" for row in table)
        options.table.write_text(
            "# Planted faults\n\nOne fault a line, put into a kernel by `scripts/planted_faults.py`, and the tests that fail then.\n\n"
            "| kernel | file | fault | caught by |\n|---|---|---|---|\n" + rows)
    print(f"{len(faults) - missed} of {len(faults)} faults caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
