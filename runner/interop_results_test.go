//go:build interop

package runner

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// pandas reads every table, CSV and Parquet alike, TensorBoard the events; both find the values of our results.
func TestInteropResults(t *testing.T) {
	python := os.Getenv("PRLHF_PYTHON")
	if python == "" {
		t.Fatal("PRLHF_PYTHON names no Python; run make test-interop")
	}
	l := newLab(t, smallSpec+judgeSpec)
	l.apply()
	dir := t.TempDir()
	write := func(addr, format, file string) Exported {
		t.Helper()
		done, _, err := l.exportResults(addr, ExportOptions{Format: format, Out: filepath.Join(dir, file)})
		if err != nil {
			t.Fatalf("%s as %s: %v", addr, format, err)
		}
		return done
	}
	tables := map[string]struct {
		addr string
		row  any
	}{
		"accuracy":   {"accuracy.test", exportedScore{}},
		"texts":      {"generate.summaries", exportedResponse{}},
		"verdicts":   {"win_rate.rule", exportedVerdict{}},
		"agreement":  {"agreement.users", exportedVerdict{}},
		"curves":     {"train.dpo", exportedPoint{}},
		"posts":      {"dataset.posts", exportedComparison{}},
		"users":      {"dataset.posts.users", exportedPerson{}},
		"statistics": {"dataset.posts.statistics", exportedCount{}},
		"numbers":    {"report.small", exportedFigure{}},
	}
	rows := map[string]int{}
	for name, table := range tables {
		rows[name] = write(table.addr, FormatCSV, name+".csv").Rows
		write(table.addr, FormatParquet, name+".parquet")
	}
	write("train.dpo", FormatTensorBoard, "events")
	write(`generate.summaries["individual"]`, FormatAlpacaEval, "outputs.json")

	script, err := filepath.Abs("testdata/interop/exports.py")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, script)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stderr = &said
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	read := func(name string, into any) {
		t.Helper()
		if err := json.Unmarshal(raw[name], into); err != nil {
			t.Fatalf("%s: %v in %s", name, err, raw[name])
		}
	}
	for name, table := range tables {
		var found struct {
			Rows    int
			Columns []string
		}
		read(name, &found)
		if want := columnTypes(table.row); found.Rows != rows[name] || found.Rows == 0 || !slices.Equal(found.Columns, want) {
			t.Errorf("%s: pandas finds %d rows of %q; written were %d of %q", name, found.Rows, found.Columns, rows[name], want)
		}
	}
	var tops map[string]float64
	read("top", &tops)
	for _, addr := range []string{`accuracy.test["vanilla"]`, `accuracy.test["individual"]`} {
		result, err := restored(l.fileOf("accuracy "+addr, resultFile))
		if err != nil {
			t.Fatal(err)
		}
		if e, _ := estimateOf(at(result, "top")); tops[addr] != e.Mean {
			t.Errorf("%s: pandas finds an accuracy of %v; the result is %v", addr, tops[addr], e.Mean)
		}
	}
	var events []string
	read("events", &events)
	if !slices.Contains(events, "vanilla loss") || !slices.Contains(events, "individual loss") {
		t.Errorf("TensorBoard finds %q", events)
	}
	var outputs struct {
		Rows, Texts int
		Generators  []string
	}
	read("outputs", &outputs)
	if outputs.Rows != 15 || outputs.Texts != 15 || !slices.Equal(outputs.Generators, []string{"individual"}) {
		t.Errorf("AlpacaEval's data frame: %+v", outputs)
	}
}

// columnTypes are the columns of a row, with the names that pandas has for their types.
func columnTypes(row any) []string {
	types := map[reflect.Kind]string{reflect.String: "text", reflect.Bool: "bool", reflect.Int32: "int32", reflect.Int64: "int64", reflect.Float64: "float64"}
	var out []string
	for f := range reflect.TypeOf(row).NumField() {
		field := reflect.TypeOf(row).Field(f)
		out = append(out, strings.TrimSpace(field.Tag.Get("arrow")+" "+types[field.Type.Kind()]))
	}
	return out
}
