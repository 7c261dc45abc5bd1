"""Reads the arrays of PyTorch's files (torch.save in both its formats, TorchScript) and of NumPy's pickles, by NumPy alone.

read(path) -> {name: array}, nested names with dots. Nothing in a file is run: whatever a pickle asks for beyond arrays is refused.
"""

import collections
import pickle
import zipfile

import numpy as np

LEGACY = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")  # what torch.save began with before version 1.6
STORAGES = {
    "FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4",
    "ShortStorage": "<i2", "ByteStorage": "u1", "CharStorage": "i1", "BoolStorage": "?",
}


class Module:
    """What stands for a module of TorchScript: its attributes."""

    def __setstate__(self, attributes):
        self.__dict__.update(attributes)


def tensor(storage, offset, size, stride, *_):
    last = offset + sum((n - 1) * s for n, s in zip(size, stride))
    if min((offset, *size, *stride), default=0) < 0 or (0 not in size and last >= storage.size):
        raise SystemExit(f"a tensor of shape {tuple(size)} reaches beyond its storage of {storage.size} numbers")
    bytes_of = [s * storage.itemsize for s in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, bytes_of)


REBUILT = {"_rebuild_tensor_v2": tensor, "_rebuild_parameter": lambda data, *_: data}


class Arrays(pickle.Unpickler):
    def __init__(self, file, storage=None):
        super().__init__(file)
        self.storage = storage  # (key, dtype, numbers) -> array

    def find_class(self, module, name):
        if module.startswith("numpy") and name in ("_reconstruct", "ndarray", "dtype"):
            return super().find_class(module, name)
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if module == "torch._utils" and name in REBUILT:
            return REBUILT[name]
        if module == "torch.jit._pickle":
            return lambda values: values  # lists of one kind
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module.startswith("__torch__"):
            return Module
        raise SystemExit(f"the file asks for {module}.{name}; only arrays are read")

    def persistent_load(self, saved):
        _, dtype, key, _, numbers, *_ = saved
        return self.storage(key, dtype, numbers)


def read_zip(path):
    with zipfile.ZipFile(path) as archive:
        pickled = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
        folder = pickled.removesuffix("data.pkl") + "data/"
        storage = lambda key, dtype, numbers: np.frombuffer(archive.read(folder + str(key)), dtype, numbers)
        with archive.open(pickled) as file:
            return Arrays(file, storage).load()


def read_legacy(file):
    """Three pickles of numbers, the object, the storages' keys, then each storage: its length in 8 bytes and its numbers."""
    for _ in range(3):
        Arrays(file).load()
    storages = {}

    def storage(key, dtype, numbers):
        return storages.setdefault(key, np.empty(numbers, dtype))  # filled below

    loaded = Arrays(file, storage).load()
    for key in Arrays(file).load():
        file.read(8)
        if file.readinto(storages[key].data.cast("B")) != storages.pop(key).nbytes:
            raise EOFError("it ends within its numbers")
    if storages:
        raise EOFError("numbers are missing")
    return loaded


def flat(value, prefix=""):
    if isinstance(value, np.ndarray):
        return {prefix: value}
    items = value.__dict__ if isinstance(value, Module) else value if isinstance(value, dict) else {}
    out = {}
    for name, part in items.items():
        out |= flat(part, f"{prefix}.{name}" if prefix else str(name))
    return out


def read(path):
    try:
        if zipfile.is_zipfile(path):
            return flat(read_zip(path))
        with open(path, "rb") as file:
            legacy = file.read(len(LEGACY)) == LEGACY
            file.seek(0)
            return flat(read_legacy(file) if legacy else Arrays(file).load())
    except OSError as error:
        raise SystemExit(f"{path}: {error.strerror}")
    except (pickle.UnpicklingError, EOFError, StopIteration, KeyError, TypeError, ValueError) as error:
        raise SystemExit(f"{path}: not a file of weights by PyTorch or NumPy ({type(error).__name__}: {error})")
