"""Write or read a file with the safetensors library, for a comparison with torch/safetensors.

    python safetensors_files.py write FILE     tensors of every dtype that numpy has
    python safetensors_files.py read FILE      one JSON line per tensor on stdout: name, dtype, shape, values
"""
import json
import sys

import numpy
from safetensors import safe_open
from safetensors.numpy import save_file

DTYPES = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool"]


def main():
    action, path = sys.argv[1:]
    if action == "write":
        tensors = {name: (numpy.arange(6).reshape(2, 3) % 2 if name == "bool" else numpy.arange(6).reshape(2, 3) * 1.5).astype(name) for name in DTYPES}
        tensors["empty"] = numpy.zeros((0, 4), "float32")
        tensors["scalar"] = numpy.array(2.5, "float32")
        save_file(tensors, path, metadata={"format": "pt", "note": "ü"})
        return
    with safe_open(path, "np") as file:
        print(json.dumps(file.metadata()))
        for name in sorted(file.keys()):
            tensor = file.get_tensor(name)
            print(json.dumps({"name": name, "dtype": str(tensor.dtype), "shape": tensor.shape, "values": tensor.reshape(-1).tolist()}))


if __name__ == "__main__":
    main()
