package parquet

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestRowsAreWhatPyarrowWrote: testdata/make.py wrote these files, and their rows as JSON.
func TestRowsAreWhatPyarrowWrote(t *testing.T) {
	for _, name := range []string{"tldr", "chat", "kinds", "empty"} {
		f, err := os.Open(filepath.Join("testdata", name+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		want := bufio.NewScanner(f)
		n := 0
		for row, err := range Rows(filepath.Join("testdata", name+".parquet")) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			n++
			if !want.Scan() {
				t.Fatalf("%s has more rows than %d", name, n-1)
			}
			text, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := decode(t, string(text)), decode(t, want.Text()); !reflect.DeepEqual(got, want) {
				t.Errorf("%s, row %d is %v, want %v", name, n, got, want)
			}
		}
		if want.Scan() {
			t.Errorf("%s has %d rows; pyarrow wrote more", name, n)
		}
	}
}

// decode keeps the digits of numbers that a float64 does not hold, and tells 3 and 3.0 not apart.
func decode(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	for name, value := range v {
		if number, ok := value.(json.Number); ok && name != "uint64" {
			v[name], _ = number.Float64()
		}
	}
	if x, ok := v["float"].(float64); ok {
		v["float"] = float32(x)
	}
	return v
}

func TestInvalidTextIsNamedAndTheNextRowIsRead(t *testing.T) {
	var got []string
	for row, err := range Rows("testdata/invalid.parquet") {
		var invalid *InvalidTextError
		switch {
		case errors.As(err, &invalid):
			got = append(got, invalid.Column)
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, string(row["n"]))
		}
	}
	if strings.Join(got, ",") != "1,prompt,3" {
		t.Errorf("%v", got)
	}
}

// TestDamagedFiles: every broken file ends in a DamagedError, and no panic.
func TestDamagedFiles(t *testing.T) {
	whole, err := os.ReadFile("testdata/tldr.parquet")
	if err != nil {
		t.Fatal(err)
	}
	damaged := map[string][]byte{"empty": nil, "text": []byte("{\"prompt\": 1}\n"), "magic": []byte("PAR1"), "half": whole[:len(whole)/2], "no footer": whole[:len(whole)-8]}
	for i := 4; i < len(whole); i += 37 {
		one := append([]byte(nil), whole...)
		one[i] ^= 0x55
		damaged[fmt.Sprint(i, " flipped")] = one
	}
	for name, bytes := range damaged {
		path := filepath.Join(t.TempDir(), "x.parquet")
		if err := os.WriteFile(path, bytes, 0o644); err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range Rows(path) {
			last = err
		}
		var damaged *DamagedError
		var invalid *InvalidTextError
		if flipped := strings.HasSuffix(name, "flipped"); last != nil && !errors.As(last, &damaged) && !errors.As(last, &invalid) || last == nil && !flipped {
			t.Errorf("%s: %v", name, last)
		}
	}
	if _, ok := <-errorsOf("testdata/nowhere.parquet"); !ok {
		t.Error("a file that is not there has no error")
	}
}

func errorsOf(path string) chan error {
	out := make(chan error, 1)
	for _, err := range Rows(path) {
		out <- err
	}
	close(out)
	return out
}

func TestIs(t *testing.T) {
	if !Is("testdata/chat.parquet") || Is("testdata/chat.jsonl") || Is("testdata/nowhere") {
		t.Error("Is")
	}
}
