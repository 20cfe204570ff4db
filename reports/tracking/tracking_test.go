package tracking

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// points are written by curve; an event file has them by step.
var points = []Point{{1, "loss", 0.5}, {200, "loss", 0.1}, {1, "top", 0.75}}

// The bytes are those that TensorBoard 2.21's RecordWriter wrote of the same events.
func TestTensorBoard(t *testing.T) {
	const want = "0f000000000000006d532b091a0d627261696e2e4576656e743a32fc9851292600000000000000734fe30009000000000000f03f10012a190a0b0a046c" +
		"6f7373150000003f0a0a0a03746f70150000403f22b6bc131b000000000000001a0d9e1309000000000000694010c8012a0d0a0b0a046c6f737315cdcccc3d59f13129"
	var out bytes.Buffer
	if err := TensorBoard(&out, points); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(out.Bytes()); got != want {
		t.Errorf("written %s\nexpected %s", got, want)
	}
	if points[1].Step != 200 {
		t.Error("the caller's points were sorted")
	}
}

func TestMLflow(t *testing.T) {
	dir := t.TempDir()
	runs := []Run{{Name: `train.dpo["a"]`, ID: "0123456789abcdef0123456789abcdef", Params: []Param{{"seed", "1"}, {"user_model explicit", "true"}},
		Points: append(points, Point{201, "loss", math.NaN()})}, {Name: "empty", ID: "ffffffffffffffffffffffffffffffff"}}
	if err := MLflow(dir, "a spec: its name", runs); err != nil {
		t.Fatal(err)
	}
	const experiment = "149683811376153051"
	want := map[string]string{
		experiment + "/meta.yaml": `artifact_location: "./149683811376153051"
creation_time: 0
experiment_id: "149683811376153051"
last_update_time: 0
lifecycle_stage: "active"
name: "a spec: its name"
`,
		experiment + "/0123456789abcdef0123456789abcdef/meta.yaml": `artifact_uri: "./149683811376153051/0123456789abcdef0123456789abcdef/artifacts"
end_time: 201000
entry_point_name: ""
experiment_id: "149683811376153051"
lifecycle_stage: "active"
run_id: "0123456789abcdef0123456789abcdef"
run_name: "train.dpo[\"a\"]"
run_uuid: "0123456789abcdef0123456789abcdef"
source_name: ""
source_type: 4
source_version: ""
start_time: 0
status: 3
tags: []
user_id: ""
`,
		experiment + "/0123456789abcdef0123456789abcdef/metrics/loss":               "1000 0.5 1\n200000 0.1 200\n201000 NaN 201\n",
		experiment + "/0123456789abcdef0123456789abcdef/metrics/top":                "1000 0.75 1\n",
		experiment + "/0123456789abcdef0123456789abcdef/params/seed":                "1",
		experiment + "/0123456789abcdef0123456789abcdef/params/user_model explicit": "true",
		experiment + "/0123456789abcdef0123456789abcdef/tags/mlflow.runName":        `train.dpo["a"]`,
		experiment + "/ffffffffffffffffffffffffffffffff/tags/mlflow.runName":        "empty",
	}
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files = append(files, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != text {
			t.Errorf("%s: %v\n%s\nexpected\n%s", name, err, got, text)
		}
	}
	for _, needed := range []string{"metrics", "params", "artifacts"} {
		if info, err := os.Stat(filepath.Join(dir, experiment, runs[1].ID, needed)); err != nil || !info.IsDir() {
			t.Errorf("MLflow would not find a run without %s: %v", needed, err)
		}
	}
	if len(files) != len(want)+1 || !slices.Contains(files, experiment+"/ffffffffffffffffffffffffffffffff/meta.yaml") {
		t.Errorf("files %q", files)
	}
}
