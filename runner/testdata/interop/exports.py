"""Reads what prlhf export wrote into this folder, with the programs it is for; prints what they found as JSON."""

import glob
import json
import os

import pandas
from pandas.testing import assert_frame_equal
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def kind(column):
    return "text" if pandas.api.types.is_string_dtype(column.dtype) else column.dtype.name


found = {}
for path in sorted(glob.glob("*.parquet")):
    name = os.path.splitext(path)[0]
    rows = pandas.read_parquet(path)
    kinds = {column: kind(rows[column]) for column in rows}
    numbers = {column: [""] for column in rows if kinds[column] == "float64"}
    from_csv = pandas.read_csv(name + ".csv", keep_default_na=False, na_values=numbers)
    assert_frame_equal(rows, from_csv.astype(rows.dtypes), check_exact=True)
    for column in rows:
        read, want = kind(from_csv[column]).rstrip("3264"), kinds[column].rstrip("3264")
        assert read == want or (read, want) == ("int", "float"), f"{name}.{column} is {read} in CSV and {want} in Parquet"
    found[name] = {"rows": len(rows), "columns": [f"{column} {kinds[column]}" for column in rows]}

# Accuracy-top, as docs/exports.md takes it from the rows.
rows = pandas.read_parquet("accuracy.parquet")
found["top"] = rows[(rows["pass"] == "user") & rows.seen].groupby("address").right.mean().to_dict()

curves = pandas.read_parquet("curves.parquet")
found["events"] = []
for folder in sorted(os.listdir("events")):
    events = EventAccumulator(os.path.join("events", folder))
    events.Reload()
    ours = curves[curves.address == f'train.dpo["{folder}"]']
    for tag in events.Tags()["scalars"]:
        want = ours[ours.name == tag].sort_values("step")
        got = events.Scalars(tag)
        assert [e.step for e in got] == list(want.step), (folder, tag)
        assert [e.value for e in got] == list(want.value.astype("float32")), (folder, tag)
        assert [e.wall_time for e in got] == list(want.step), (folder, tag)
        found["events"].append(f"{folder} {tag}")
    assert set(events.Tags()["scalars"]) == set(ours.name), folder

# AlpacaEval makes a data frame of the file, and asks it for these columns (alpaca_eval/utils.py, load_or_convert_to_dataframe).
outputs = pandas.read_json("outputs.json")
found["outputs"] = {"rows": len(outputs), "generators": sorted(set(outputs.generator)), "texts": int(outputs[["instruction", "output"]].notna().all(axis=1).sum())}
print(json.dumps(found))
