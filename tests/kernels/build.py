"""What the build left behind: the assembler's words (OBJECT.ptxas, cmake/ptxas.sh) and the module's machine code."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENTRY = re.compile(r"Compiling entry function '([^']+)' for '(sm_\w+)'")
FRAME = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers")
SHARED = re.compile(r"(\d+) bytes smem")


class Missing(Exception):
    """Something that the machine or the build lacks: a reason to skip, never to pass."""


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{words[0]} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def tool(name):
    """A tool of the toolkit: on PATH, or from the venv that GNT_VENV names."""
    venv = os.environ.get("GNT_VENV")
    found = sorted(pathlib.Path(venv).glob(f"lib/python3*/site-packages/nvidia/cu13/bin/{name}")) if venv else []
    path = str(found[0]) if found else shutil.which(name)
    if not path:
        raise Missing(f"no {name}: it comes with the CUDA toolkit, or with tests/kernels/requirements.txt in GNT_VENV")
    return path


def demangle(names):
    """{mangled: name with template arguments, without parameters and blanks, the same in every build}."""
    if not names:
        return {}
    if not shutil.which("c++filt"):
        raise Missing("no c++filt (Debian package binutils)")
    text = subprocess.run(["c++filt", "-p"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    plain = {}
    for mangled, name in zip(names, text.splitlines()):
        name = re.sub(r"\(anonymous namespace\)::|_INTERNAL_\w+?::|\([\w: ]+\)(?=-?\d)", "", name)
        plain[mangled] = re.sub(r"\s+", "", re.sub(r"^void ", "", name))
    if len(set(plain.values())) != len(plain):
        sys.exit(f"two kernels have one name: {sorted(plain.values())}")
    return plain


# ---- the assembler's words -------------------------------------------------------------------------------------------


def read_log(path):
    """One row a kernel and architecture of one source. Functions that a kernel calls (noinline) come behind it; what
    they spill is the kernel's."""
    rows, row = [], None
    for line in path.read_text().splitlines():
        if match := ENTRY.search(line):
            row = {"mangled": match.group(1), "arch": match.group(2), "stack": 0, "spill_stores": 0, "spill_loads": 0}
            row["functions"] = 0
            rows.append(row)
        elif row and (match := FRAME.search(line)):
            stack, stores, loads = (int(n) for n in match.groups())
            row["stack"] = max(row["stack"], stack)
            row["spill_stores"] += stores
            row["spill_loads"] += loads
            row["functions"] += 1
        elif row and (match := USED.search(line)):
            shared = SHARED.search(line)
            row["registers"], row["static_shared"] = int(match.group(1)), int(shared.group(1)) if shared else 0
    for row in rows:
        if "registers" not in row or not row["functions"]:
            sys.exit(f"{path}: nothing on {row['mangled']} for {row['arch']}; another compiler's words?")
    return rows


def read_logs(folder, sources=ROOT / "kernels" / "cuda"):
    """Rows of every kernel of a build, by source, name and architecture; none of a source that is gone."""
    rows = []
    for path in sorted(pathlib.Path(folder).rglob("*.cu.o.ptxas")):
        source = path.name.removesuffix(".o.ptxas")
        if (pathlib.Path(sources) / source).exists():
            rows += [{"source": source, **row} for row in read_log(path)]
    names = demangle(sorted({row["mangled"] for row in rows}))
    for row in rows:
        row["kernel"] = names[row["mangled"]]
    return sorted(rows, key=lambda r: (r["source"], r["kernel"], int(re.sub(r"\D", "", r["arch"]))))


# ---- the build -------------------------------------------------------------------------------------------------------


def cache(folder):
    """The entries of a build folder's CMakeCache.txt."""
    path = pathlib.Path(folder) / "CMakeCache.txt"
    if not path.exists():
        raise Missing(f"no build in {folder}")
    entries = re.findall(r"^([\w-]+):\w+=(.*)$", path.read_text(), re.M)
    return dict(entries)


def compiler(folder):
    """nvcc's version, as "13.0.88"."""
    path = cache(folder).get("CMAKE_CUDA_COMPILER", "")
    if not path or path.endswith("NOTFOUND"):
        raise Missing("no nvcc here")
    return re.search(r"V([\d.]+)", run(path, "--version")).group(1)


def module(folder):
    path = pathlib.Path(folder).resolve() / "gauntlet-cuda.so"
    if not path.exists():
        raise Missing(f"no {path.name} in this build: there is no nvcc, or it was left out")
    return path


# ---- machine code ----------------------------------------------------------------------------------------------------


def embedded(path):
    """({architectures with machine code}, {architectures with PTX}) of a module, e.g. ({'80'}, {'100'})."""
    text = run(tool("cuobjdump"), "--list-elf", path) + run(tool("cuobjdump"), "--list-ptx", path)
    return set(re.findall(r"sm_(\w+)\.cubin", text)), set(re.findall(r"sm_(\w+)\.ptx", text))


def disassemble(path, with_bounds=True):
    """[(architecture, nvdisasm's text, {mangled: threads of a block by its launch bounds})], one a cubin."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [tool("cuobjdump"), "-xelf", "all", str(path)], cwd=folder, capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(f"cuobjdump: {done.stderr.strip()[-500:]}")
        for cubin in sorted(pathlib.Path(folder).glob("*.cubin")):
            arch = re.search(r"\.(sm_\w+)\.cubin$", cubin.name).group(1)
            threads = bounds(run(tool("cuobjdump"), "-elf", cubin)) if with_bounds else {}
            found.append((arch, run(tool("nvdisasm"), "-c", cubin), threads))
    return found


def bounds(text):
    """{mangled: threads} from the attributes that the launch bounds leave."""
    threads, kernel, wanted = {}, None, False
    for line in text.splitlines():
        if line.startswith("."):
            kernel, wanted = line[len(".nv.info.") :].strip() if line.startswith(".nv.info.") else None, False
        elif kernel and "EIATTR_MAX_THREADS" in line:
            wanted = True
        elif wanted and (match := re.search(r"Value:\s*(0x[0-9a-f]+)\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+)", line)):
            x, y, z = (int(n, 16) for n in match.groups())
            threads[kernel], wanted = x * y * z, False
    return threads
