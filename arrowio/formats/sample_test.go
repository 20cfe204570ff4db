package formats

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLookEstimates: rows and lengths of sources that are far larger than what is read of them, from plain and compressed files,
// lines and lists; texts differ in length, and so do the rows that count.
func TestLookEstimates(t *testing.T) {
	const rows = 20000
	chosen := func(i int) string { return strings.Repeat("word ", 10+i%7) + fmt.Sprint(i*i%7919) }
	table, lines := "user,prompt,chosen,rejected\n", ""
	var b, l strings.Builder
	for i := range rows {
		fmt.Fprintf(&b, "u%d,\"a question,\nno %d\",%s,no\n", i%9, i, chosen(i))
		fmt.Fprintf(&l, `{"user": %d, "prompt": "a question, no %d", "chosen": %q, "rejected": "no"}`+"\n", i%9, i, chosen(i))
	}
	table += b.String()
	lines = l.String()
	soup := func(comma bool) string {
		var all []string
		for i := range rows / 6 {
			all = append(all, psoupsText(fmt.Sprint("q", i), chosen(i), "no"))
		}
		if comma {
			return "[" + strings.Join(all, ",") + "]"
		}
		return strings.Join(all, "\n")
	}
	soups := map[string]string{"P1A.json": soup(true), "P1B.json": soup(false), "P2A.json": soup(true), "P2B.json.gz": zipped(soup(true)), "P3A.json": soup(true), "P3B.json": soup(true)}
	var tldr, talks, people strings.Builder
	for i := range rows {
		policy := "sup1"
		if i%4 > 0 {
			policy = "ppo" // left out
		}
		tldr.WriteString(strings.TrimSpace(tldrText(`"sup4"`, `"`+policy+`"`)) + "\n")
	}
	for i := range rows / 2 {
		fmt.Fprintln(&people, surveyText(fmt.Sprint("user", i)))
		fmt.Fprintln(&talks, conversationText(fmt.Sprint("c", i), fmt.Sprint("user", i), twoTurns...))
	}
	for _, c := range []struct {
		name, format     string
		files            map[string]string
		rows             float64
		prompt, response float64
	}{
		{"csv", "csv", map[string]string{"x.csv": table}, rows, 18, 35},
		{"compressed csv", "csv", map[string]string{"x.csv.gz": zipped(table)}, rows, 18, 35},
		{"jsonl", "jsonl", map[string]string{"x.jsonl": lines, "y.jsonl.gz": zipped(lines)}, 2 * rows, 18, 35},
		{"psoups", "psoups", soups, rows, 4, 35},
		{"tldr", "tldr", map[string]string{"x.json": tldr.String()}, 0, 0, 0},
		{"prism", "prism", map[string]string{"survey.jsonl": people.String(), "conversations.jsonl": talks.String()}, rows, 0, 0},
	} {
		dir := writeFiles(t, c.files)
		if c.rows == 0 { // as many as the reader keeps
			for _, r := range collect(t, ReadTLDR(dir)) {
				if r.Kind == Usable {
					c.rows++
				}
			}
		}
		s, err := Look(c.format, dir, nil, Pairs{})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if math.Abs(s.Rows-c.rows) > 0.1*c.rows || s.Whole || s.Counted || len(s.First) > int(c.rows)*2/3 {
			t.Errorf("%s: %.0f rows from the first %d (whole %v); %.0f expected", c.name, s.Rows, len(s.First), s.Whole, c.rows)
		}
		if c.prompt > 0 && (math.Abs(s.Prompt-c.prompt) > 2 || math.Abs(s.Response-c.response) > 4 || s.Sides != 2) {
			t.Errorf("%s: prompts of %.1f bytes, %.1f responses of %.1f", c.name, s.Prompt, s.Sides, s.Response)
		}
	}
}

// TestLookAtAllThereIs: small files and Parquet are counted.
func TestLookAtAllThereIs(t *testing.T) {
	dir := writeFiles(t, map[string]string{"x.csv": "user,prompt,chosen,rejected\n1,pppp,cc,rrrr\n2,p,c,c\n3,pp,cc,rrrr\n"})
	s, err := Look("csv", dir, nil, Pairs{})
	if err != nil || !s.Whole || s.Rows != 2 || s.Prompt != 3 || s.Response != 3 || len(s.Bad) != 1 || s.Bad[0].Line != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	s, err = Look("tldr", filepath.Join(parquetFiles, "tldr.parquet"), nil, Pairs{})
	if usable := len(s.First); err != nil || !s.Whole || !s.Counted || s.Rows != float64(usable) || usable == 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestLookRefuses: what the first rows tell of a source that nothing can be read from.
func TestLookRefuses(t *testing.T) {
	long := strings.Repeat(`{"worker": 1, "question": "p", "chosen": "c", "rejected": "r"}`+"\n", 10_000)
	tooLong := strings.Repeat("x", sampleBytes)
	for name, c := range map[string]struct{ format, file, text, want string }{
		"UTF-16":             {"csv", "x.csv", "\xff\xfeu\x00", "x.csv is UTF-16; save it as UTF-8"},
		"a column":           {"csv", "x.csv", "worker,prompt,chosen,rejected\n" + strings.Repeat("1,p,c,r\n", 100_000), `x.csv has no column user; its columns are worker, prompt, chosen, rejected; did you mean columns = { user = "worker" }?`},
		"gzip that ends":     {"jsonl", "x.jsonl.gz", zipped(long)[:600], "x.jsonl.gz:"},
		"a list with faults": {"psoups", "P1A.json", "[" + psoupsText("q", "a", "b") + " {}]" + tooLong, "P1A.json:2: this is not JSON"},
	} {
		dir := writeFiles(t, map[string]string{c.file: c.text})
		if c.format == "psoups" {
			for _, p := range Profiles[1:] {
				os.WriteFile(filepath.Join(dir, p.Name+".json"), []byte("[]"), 0o644)
			}
		}
		var fault *FileError
		if _, err := Look(c.format, dir, nil, Pairs{}); !errors.As(err, &fault) || !strings.HasPrefix(fault.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	dir := writeFiles(t, map[string]string{"x.jsonl": long})
	s, err := Look("jsonl", dir, Columns{"prompt": "question"}, Pairs{})
	if want := `x.jsonl has no field user in its first `; err != nil || s.Lacks == nil || !strings.HasPrefix(s.Lacks.Error(), want) ||
		!strings.HasSuffix(s.Lacks.Error(), `rows; its fields are worker, question, chosen, rejected; did you mean columns = { prompt = "question", user = "worker" }?`) {
		t.Errorf("%+v, %v", s.Lacks, err)
	}
}
