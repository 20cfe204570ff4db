"""Writes the Parquet files here with pyarrow, an independent writer, and beside each its rows as JSON. Run it by hand."""
import datetime, json, os
import pyarrow as pa
import pyarrow.parquet as pq

here = os.path.dirname(os.path.abspath(__file__))


def write(name, table, shown=None, **options):
    pq.write_table(table, os.path.join(here, name + ".parquet"), **options)
    with open(os.path.join(here, name + ".jsonl"), "w", encoding="utf-8") as f:
        for row in shown or table.to_pylist():
            f.write(json.dumps(row, ensure_ascii=False) + "\n")


def tldr(i):
    return {
        "info": {"id": f"t{i}", "post": f"post {i % 3} – é", "title": "T", "subreddit": "dogs", "site": None, "article": None},
        "summaries": [{"text": f" first {i}", "policy": "sup1", "note": None}, {"text": f" second {i}", "policy": "sup4_6b", "note": "n"}],
        "choice": i % 2, "worker": f"w{i % 4}", "batch": "batch3", "split": "train" if i % 5 else "valid1",
        "extra": {"confidence": None if i % 2 else 7},
    }


schema = pa.schema([
    ("info", pa.struct([(n, pa.string()) for n in ["id", "post", "title", "subreddit", "site", "article"]])),
    ("summaries", pa.list_(pa.struct([("text", pa.string()), ("policy", pa.string()), ("note", pa.string())]))),
    ("choice", pa.int32()), ("worker", pa.string()), ("batch", pa.string()), ("split", pa.string()),
    ("extra", pa.struct([("confidence", pa.int32())])),
])
write("tldr", pa.Table.from_pylist([tldr(i) for i in range(40)], schema=schema), row_group_size=16, compression="snappy")

chat = lambda *texts: [{"content": t, "role": r} for t, r in zip(texts, ["user", "assistant"] * 9)]
rows = [{"prompt": chat(f"q{i}"), "chosen": chat(f"q{i}", f"good {i}")[1:], "rejected": chat(f"q{i}", f"bad {i}")[1:], "user": i % 3} for i in range(5)]
message = pa.list_(pa.struct([("content", pa.string()), ("role", pa.string())]))
write("chat", pa.Table.from_pylist(rows, schema=pa.schema([("prompt", message), ("chosen", message), ("rejected", message), ("user", pa.int64())])), compression="zstd")

kinds = pa.table({
    "dictionary": pa.array(["a", None, "a", "b \"<&>\" \u2028"]).dictionary_encode(),
    "large": pa.array(["x", "", None, "\ufffd"], pa.large_string()),
    "int8": pa.array([-1, None, 127, 0], pa.int8()), "uint64": pa.array([2**64 - 1, 0, None, 1], pa.uint64()),
    "float": pa.array([0.5, None, float("nan"), -1e20], pa.float32()), "double": pa.array([1e-7, 3.0, float("inf"), None]),
    "bool": pa.array([True, False, None, True]), "lists": pa.array([[["a"], []], None, [], [None, ["b", None]]]),
    "binary": pa.array([b"bytes", b"", None, "é".encode()]),
})
shown = [{k: None if isinstance(v, float) and (v != v or abs(v) == float("inf")) else v.decode() if isinstance(v, bytes) else v for k, v in row.items()} for row in kinds.to_pylist()]
write("kinds", kinds, shown, compression="gzip")
write("empty", pa.table({"prompt": pa.array([], pa.string())}))
bad = pa.array([b"fine", b"not \xff", b"fine again"], pa.binary())
pq.write_table(pa.table({"prompt": bad.view(pa.string()), "n": [1, 2, 3]}), os.path.join(here, "invalid.parquet"))
