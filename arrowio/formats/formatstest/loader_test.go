package formatstest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReaderGivesTheAuthorsRows runs on the fixtures that are kept here, in any clone.
func TestReaderGivesTheAuthorsRows(t *testing.T) {
	for _, name := range []string{"tldr_loader.json", "psoups_loader.json", "prism_text_loader.json"} {
		check(t, filepath.Join("testdata", name))
	}
}

// TestReaderGivesTheAuthorsRowsOfAllFixtures needs the parity fixtures; PRLHF_PARITY changes their folder.
func TestReaderGivesTheAuthorsRowsOfAllFixtures(t *testing.T) {
	folder := os.Getenv("PRLHF_PARITY")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "shared", "parity")
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*", "pdpo", "loader*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		check(t, path)
	}
	if len(paths) == 0 {
		t.Skipf("no */pdpo/loader*.json in %s; set PRLHF_PARITY to a folder of parity fixtures", folder)
	}
}

func check(t *testing.T, path string) {
	t.Helper()
	o, err := Check(path)
	if err != nil {
		t.Fatal(err)
	}
	if o.Differing != 0 || o.Matched <= o.Cut {
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

const smallSoups = `{"format":"psoups","sep":"||","raw":{"rows":[{"user_id":2,"user_input":"Why?","completion_a":"a","completion_b":"b"}]},
 "train_T1":[{"prompt":"USER: 2 </s> || <|user|>\nWhy? \n<|assistant|>\n","chosen":"a","rejected":"b"},
             {"prompt":"USER: 0 </s> || <|user|>\nWhy? \n<|assistant|>\n","chosen":"a","rejected":"b"}],
 "train_T4":[], "eval_T1":[], "eval_T4":[]}`

const smallTalk = `{"format":"prism","sep":"||","add_textual_info":true,"raw":{
 "dialogs":{"c1":{"user_id":"u","turns":[{"turn_nb":0,"user_utterance":["Hello?"],"chosen_utterance":["a"],"rejected_utterance":["b"]}]}},
 "users":{"u":{"demographics":{"self_description":"d","preference":["x","y"],"age":"9"}}},
 "split":{"train_dialog_ids":["c1"],"test_dialog_ids":[],"seen_user_ids":{"u":1},"unseen_user_ids":{}}},
 "train_T4":[{"prompt":"USER: 1 <|end_of_text|><|end_of_text|>||User textual information: preference: x, y; self_description: d; age: 9; \n<|start_header_id|>user<|end_header_id|>\n\nHello?<|eot_id|>\n<|start_header_id|>assistant<|end_header_id|>\n\n","chosen":"a","rejected":"b"},
             {"prompt":"USER: 0 <|end_of_text|><|end_of_text|>||\nHello?<|eot_id|>\n<|start_header_id|>assistant<|end_header_id|>\n\n","chosen":"a","rejected":"b"}]}`

func TestDifferencesOfTheOtherFormatsAreCounted(t *testing.T) {
	for name, c := range map[string]struct {
		fixture, old, new       string
		matched, differing, cut int
	}{
		// train_T4 and both evals are empty in smallSoups: our 2 + 1 + 1 rows are beyond theirs.
		"psoups as it is":       {smallSoups, "", "", 2, 4, 0},
		"psoups, another input": {smallSoups, `"user_input":"Why?"`, `"user_input":"Who?"`, 0, 6, 0},
		"psoups, another user":  {smallSoups, `"user_id":2`, `"user_id":3`, 1, 5, 0},
		"prism as it is":        {smallTalk, "", "", 2, 0, 1},
		"prism, another reply":  {smallTalk, `"rejected_utterance":["b"]`, `"rejected_utterance":["c"]`, 0, 2, 1},
		"prism, another text":   {smallTalk, `"age":"9"`, `"age":"8"`, 1, 1, 1},
		"prism, no cut":         {smallTalk, `||\nHello?`, `||\nelse Hello?`, 1, 1, 0},
		"prism, another number": {smallTalk, `{"u":1}`, `{"u":2}`, 1, 1, 1},
	} {
		path := filepath.Join(t.TempDir(), "loader.json")
		if err := os.WriteFile(path, []byte(strings.Replace(c.fixture, c.old, c.new, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		o, err := Check(path)
		if err != nil {
			t.Fatal(err)
		}
		if o.Matched != c.matched || o.Differing != c.differing || o.Cut != c.cut {
			t.Errorf("%s: %+v, want %d, %d and %d", name, o, c.matched, c.differing, c.cut)
		}
	}
}
