package formats

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// psoupsText is an item of P1A.json.
func psoupsText(input, a, b string) string {
	return fmt.Sprintf(`{"user_input": %q, "completion_a": %q, "completion_b": %q, "more": 1}`, input, a, b)
}

const pupil = "Generate a response that can be easily understood by an elementary school student."

// TestPSOUPSRules are the authors': what they take out of the input, what they leave out, and in which order they look.
func TestPSOUPSRules(t *testing.T) {
	rows := []string{
		psoupsText("Why is the sky blue? "+pupil, "a", "b"),
		psoupsText(pupil+" \n Name a tree.\t", "Oak", " Elm"),
		psoupsText("Why is the sky blue? "+pupil, "a", "b"), // as the first
		psoupsText("Why is the sky blue?", "a", "b"),        // another input, although the same prompt is left of it
		psoupsText("Why is the sky blue? "+pupil, "b", "a"), // another choice
		psoupsText("q", "same", "same"),                     //
		psoupsText("q", "c", " "),                           //
		psoupsText("q", "c", " "),                           // a duplicate before it is an empty completion
		psoupsText(pupil+"Go on."+pupil, "x", "y"),          // every occurrence goes
		psoupsText("q Generate a response in an unfriendly manner.", "c", "d"),
	}
	want := []string{
		"1 Why is the sky blue?|a|b", "1 Name a tree.|Oak| Elm", Duplicate, "1 Why is the sky blue?|a|b", "1 Why is the sky blue?|b|a",
		EqualCompletions, EmptyCompletion, Duplicate, "1 Go on.|x|y", OtherProfile,
	}
	for name, text := range map[string]string{"list": "\ufeff \n[" + strings.Join(rows, ",\n") + "]\n", "lines": strings.Join(rows, "\n")} {
		got := collect(t, PSOUPS("P1A.json", strings.NewReader(text)))
		if len(got) != len(want) {
			t.Fatalf("%s: %d records, want %d", name, len(got), len(want))
		}
		for i, r := range got {
			said := r.Reason
			if r.Kind == Usable {
				said = fmt.Sprintf("%s %s|%s|%s", r.User, r.Prompt, r.Chosen, r.Rejected)
			}
			if said != want[i] || r.Line != int64(i+1) || r.Split != "" {
				t.Errorf("%s: item %d is %q of line %d, want %q", name, i+1, said, r.Line, want[i])
			}
			if counts := r.Kind == Usable || r.Reason == EmptyCompletion; r.Counts() != counts {
				t.Errorf("%s: item %d counts: %v", name, i+1, r.Counts())
			}
		}
	}
}

// TestPSOUPSTellsNobodyWhatIsPreferred: no profile's sentence is left in a text that is trained on.
func TestPSOUPSTellsNobodyWhatIsPreferred(t *testing.T) {
	for i, p := range Profiles {
		r := collect(t, PSOUPS(p.Name+".json", strings.NewReader(psoupsText("Say it. "+p.Prompt(), "a", "b"))))[0]
		if r.Kind != Usable || r.Prompt != "Say it." || r.User != fmt.Sprint(i+1) || r.UserText != "" || r.Group != "" {
			t.Errorf("%s: %s %+v", p.Name, r, r.Row)
		}
	}
	people, err := People("psoups", "")
	if err != nil || len(people) != 6 {
		t.Fatalf("%d people, %v", len(people), err)
	}
	last := people[5]
	if last.ID != "6" || last.Text != "" || last.Attributes["profile"] != "P3B" || last.Attributes["dimension"] != "style" ||
		last.Attributes["preference"] != "a response in an unfriendly manner." {
		t.Errorf("user 6 is %+v", last)
	}
}

func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPSOUPSFolder(t *testing.T) {
	row := psoupsText("q", "a", "b")
	files := map[string]string{"P1A.json": row, "P1B.json": row, "P2A.jsonl": row, "P2B.json.gz": zipped(row), "P3A.json": "[" + row + "]",
		"P3B.json": row, "koala_eval_50.json": "[]", "P1C.json": row}
	dir := writeFiles(t, files)
	var got []string
	for _, r := range collect(t, ReadPSOUPS(dir)) {
		got = append(got, r.File+" "+r.User)
	}
	if want := "P1A.json 1,P1B.json 2,P2A.jsonl 3,P2B.json.gz 4,P3A.json 5,P3B.json 6"; strings.Join(got, ",") != want {
		t.Errorf("%q, want %q", got, want)
	}
	for want, change := range map[string]func(string){
		"has no P2A, P3B (.json": func(dir string) {
			os.Remove(filepath.Join(dir, "P2A.jsonl"))
			os.Remove(filepath.Join(dir, "P3B.json"))
		},
		"has P1A.json and P1A.json.gz; one": func(dir string) { os.WriteFile(filepath.Join(dir, "P1A.json.gz"), nil, 0o644) },
	} {
		dir := writeFiles(t, files)
		change(dir)
		if _, err := Files("psoups", dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

// TestListsThatBreakOff: what can be read is read; where the list ends too early, or is no JSON any more, the file ends, and an
// item that is no row is a bad row.
func TestListsThatBreakOff(t *testing.T) {
	row := psoupsText("q", "a", "b")
	for text, want := range map[string]string{
		"[" + row + "," + row[:20]:  Truncated,
		"[" + row + ",":             Truncated,
		"[" + row:                   Truncated,
		"[" + row + " " + row + "]": NotJSON,
		"[" + row + "] []":          NotJSON,
		"[" + row + ", {\"x\": }]":  NotJSON,
	} {
		if got, fault := collectUntil(t, PSOUPS("P1A.json", strings.NewReader(text))); len(got) != 1 || got[0].Kind != Usable || fault.Reason != want || fault.Line != 2 {
			t.Errorf("%q: %v, then %v; want %s at item 2", text, got, fault, want)
		}
	}
	for text, want := range map[string]string{
		"[" + row + ", 7]":             WrongType,
		"[" + row + ", {\"x\": \xff}]": InvalidUTF8,
	} {
		got, last := []Record{}, ""
		for r, err := range PSOUPS("P1A.json", strings.NewReader(text)) {
			var fault *FileError
			if errors.As(err, &fault) && want == InvalidUTF8 && fault.Reason == NotJSON { // the decoder may be first to see it
				last = want
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got, last = append(got, r), r.Reason
		}
		if last != want || got[0].Kind != Usable {
			t.Errorf("%q: %v %s; want %s at item 2", text, got, last, want)
		}
	}
}
