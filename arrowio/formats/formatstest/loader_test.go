package formatstest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReaderGivesTheAuthorsRows runs on the one fixture that is kept here, in any clone.
func TestReaderGivesTheAuthorsRows(t *testing.T) {
	check(t, filepath.Join("testdata", "tldr_loader.json"))
}

// TestReaderGivesTheAuthorsRowsOfAllFixtures needs the parity fixtures; PRLHF_PARITY changes their folder.
func TestReaderGivesTheAuthorsRowsOfAllFixtures(t *testing.T) {
	folder := os.Getenv("PRLHF_PARITY")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "shared", "parity")
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*", "pdpo", "loader.json"))
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, path := range paths {
		if text, err := os.ReadFile(path); err == nil && strings.HasPrefix(string(text), `{"format":"tldr"`) {
			check(t, path)
			checked++
		}
	}
	if checked == 0 {
		t.Skipf("no */pdpo/loader.json of format tldr in %s; set PRLHF_PARITY to a folder of parity fixtures", folder)
	}
}

func check(t *testing.T, path string) {
	t.Helper()
	o, err := CheckTLDR(path)
	if err != nil {
		t.Fatal(err)
	}
	if o.Differing != 0 || o.Matched == 0 {
		t.Errorf("%s: %d rows match, %d differ: %s", path, o.Matched, o.Differing, o.First)
	}
}

const small = `{"format":"tldr","sep":"||","raw":{"rows":[
 {"info":{"post":"P","title":"T","subreddit":"s"},"split":"train","choice":0,"worker":"w","summaries":[{"text":" long one","policy":"sup1"},{"text":" b","policy":"sup1"}]}],
 "selected_users":["w"],"users_preference":{"w":1}},
 "train_T1":[{"prompt":"USER: 1<|endoftext|>||SUBREDDIT: r/s\nTITLE: T\nPOST: P\nTL;DR: ","chosen":" b","rejected":" long one"},
             {"prompt":"USER: 0<|endoftext|>||SUBREDDIT: r/s\nTITLE: T\nPOST: P\nTL;DR: ","chosen":" b","rejected":" long one"}],
 "train_T4":[], "eval_T4":[],
 "eval_T1":[{"prompt":"USER: 1<|endoftext|>||SUBREDDIT: r/s\nTITLE: T\nPOST: P\nTL;DR: ","chosen":" b","rejected":" long one"}]}`

func TestDifferencesAreCounted(t *testing.T) {
	for name, c := range map[string]struct {
		old, new           string
		matched, differing int
	}{
		// train_T4 and eval_T4 are empty here, so our 2 + 1 rows are beyond theirs.
		"as it is":     {"", "", 3, 3},
		"other choice": {`"users_preference":{"w":1}`, `"users_preference":{"w":0}`, 0, 6},
		"other user":   {"USER: 1", "USER: 2", 2, 4},
		"other text":   {"POST: P", "POST: Q", 2, 4},
	} {
		path := filepath.Join(t.TempDir(), "loader.json")
		if err := os.WriteFile(path, []byte(strings.Replace(small, c.old, c.new, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		o, err := CheckTLDR(path)
		if err != nil {
			t.Fatal(err)
		}
		if o.Matched != c.matched || o.Differing != c.differing || o.First == "" {
			t.Errorf("%s: %+v, want %d and %d", name, o, c.matched, c.differing)
		}
	}
}
