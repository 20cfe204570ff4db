//go:build interop

package arrowio

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pandas reads what we write as CSV and as Parquet: names, types and values.
func TestInteropTables(t *testing.T) {
	python := os.Getenv("PRLHF_PYTHON")
	if python == "" {
		t.Fatal("PRLHF_PYTHON names no Python; run make test-interop")
	}
	dir := t.TempDir()
	var csv, parquet bytes.Buffer
	if err := WriteCSV(&csv, all(mixedRows)); err != nil {
		t.Fatal(err)
	}
	if err := WriteParquet(&parquet, all(mixedRows)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"rows.csv": csv.Bytes(), "rows.parquet": parquet.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "-c", `
import pandas
for rows in (pandas.read_csv("rows.csv", keep_default_na=False, na_values={"share": [""]}), pandas.read_parquet("rows.parquet")):
    print([(name, rows[name].dtype.kind if name != "text" else "text") for name in rows])
    print([tuple(None if value != value else value for value in row) for row in rows.astype(object).itertuples(index=False)])
`)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const want = `[('text', 'text'), ('yes', 'b'), ('small', 'i'), ('large', 'i'), ('share', 'f')]
[('plain', True, 1, 1099511627776, 0.1), ('a comma, a "quote"\nand a line', False, -2, -3, None), ('', False, 0, 0, 1e-300)]
`
	if got := strings.ReplaceAll(string(out), "\r", ""); got != want+want {
		t.Errorf("pandas reads\n%s\nexpected twice\n%s", got, want)
	}
}
