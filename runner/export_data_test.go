package runner

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A data set is exported as its comparisons, its users and its counts, which agree with each other.
func TestExportDataSet(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	l.apply()
	rows := l.table("dataset.posts", ExportOptions{})
	if got := distinctOf(rows["user"]); !slices.Equal(got, []string{"unseen 1", "unseen 2", "user 1", "user 2", "user 3", "user 4"}) {
		t.Errorf("users %q", got)
	}
	of, swapped := map[string]int{}, 0
	chosen, rejected := map[string]float64{}, map[string]float64{} // words
	for i, user := range rows["user"] {
		of[user]++
		chosen[user] += float64(wordsIn(rows["chosen"][i]))
		rejected[user] += float64(wordsIn(rows["rejected"][i]))
		if rows["chosen"][i] == "" || rows["rejected"][i] == "" || rows["prompt"][i] == "" {
			t.Fatalf("row %d lacks a text", i)
		}
		if rows["chosen_words"][i] != strconv.Itoa(len(strings.Fields(rows["chosen"][i]))) {
			t.Fatalf("row %d: %q has %s words", i, rows["chosen"][i], rows["chosen_words"][i])
		}
		if rows["swapped"][i] == "true" {
			swapped++
		}
		if (rows["user_index"][i] == "0") == (rows["seen"][i] == "true") {
			t.Fatalf("row %d: index %s, seen %s", i, rows["user_index"][i], rows["seen"][i])
		}
	}
	if swapped == 0 || swapped == len(rows["user"]) {
		t.Errorf("%d of %d simulated choices differ from the recorded", swapped, len(rows["user"]))
	}
	users := l.table("dataset.posts.users", ExportOptions{})
	if len(users["user"]) != len(of) {
		t.Errorf("%d users; the comparisons are of %d", len(users["user"]), len(of))
	}
	for i, user := range users["user"] {
		if users["usable"][i] != strconv.Itoa(of[user]) || users["text"][i] != "" {
			t.Errorf("%s: %s usable, text %q; %d rows", user, users["usable"][i], users["text"][i], of[user])
		}
		for column, words := range map[string]map[string]float64{"chosen_words": chosen, "rejected_words": rejected} {
			if want := strconv.FormatFloat(words[user]/float64(of[user]), 'g', -1, 64); users[column][i] != want {
				t.Errorf("%s: %s is %s; the rows give %s", user, column, users[column][i], want)
			}
		}
	}
	counts := l.table("dataset.posts.statistics", ExportOptions{})
	result, err := restored(l.fileOf("split dataset.posts", resultFile))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for i, what := range counts["what"] {
		found[what+" "+counts["of"][i]] = counts["count"][i]
		if want := fmt.Sprint(at(result, "statistics", what, counts["of"][i])); counts["count"][i] != want {
			t.Errorf("%s of %s is %s; the statistics have %s", what, counts["of"][i], counts["count"][i], want)
		}
	}
	if found["users all"] != "6" || found["comparisons kept"] != strconv.Itoa(len(rows["user"])) {
		t.Errorf("%s users, %s comparisons, and %d rows", found["users all"], found["comparisons kept"], len(rows["user"]))
	}

	named := l.table("dataset.posts", ExportOptions{Personal: true})
	if !strings.HasPrefix(named["user"][0], "worker") {
		t.Errorf("asked for ids: %q", named["user"][0])
	}
	if one := l.table("dataset.posts.users", ExportOptions{Users: []string{named["user"][0]}}); len(one["user"]) != 1 {
		t.Errorf("-users: %q", one["user"])
	}
	for want, addr := range map[string]string{
		"of a data set export takes dataset.posts, dataset.posts.users and dataset.posts.statistics; dataset.posts.train is none of them": "dataset.posts.train",
		"model.tiny cannot be exported; dataset, train, adapt, accuracy, generate, win_rate, agreement and report blocks can":             "model.tiny",
	} {
		if _, _, err := l.exportResults(addr, ExportOptions{Format: FormatCSV}); err == nil || err.Error() != want {
			t.Errorf("%s: %v; want %q", addr, err, want)
		}
	}
	if _, _, err := l.exportResults("dataset.posts.statistics", ExportOptions{Format: FormatCSV, Users: []string{"worker01"}}); err == nil || !strings.Contains(err.Error(), "statistics are of a whole data set") {
		t.Errorf("users of statistics: %v", err)
	}
}

// What users said of themselves, and ids of conversations, are written where they are asked for only.
func TestExportDataSetPersonal(t *testing.T) {
	t.Parallel()
	l := newPRISMLab(t)
	l.apply()
	counts := l.table("dataset.prism.statistics", ExportOptions{})
	for i, paper := range counts["paper"] {
		want := map[string]string{"train all": "6431", "test all": "3982"}[counts["what"][i]+" "+counts["of"][i]]
		if paper != want {
			t.Errorf("%s of %s: the paper's is %q; want %q", counts["what"][i], counts["of"][i], paper, want)
		}
	}
	for _, personal := range []bool{false, true} {
		rows, users := l.table("dataset.prism", ExportOptions{Personal: personal}), l.table("dataset.prism.users", ExportOptions{Personal: personal})
		texts := strings.Join(users["text"], "") + strings.Join(users["attributes"], "")
		if (texts != "") != personal || (strings.Join(rows["conversation"], "") != "") != personal {
			t.Errorf("personal %v: about users %q, conversations %q", personal, texts[:min(80, len(texts))], rows["conversation"][0])
		}
	}

	// A report that shows users' texts and ids lets them out, and nothing else that the data has about users. It need not show the data set itself.
	l.edit("show  = [accuracy.test, generate.answers, dataset.prism]", "show  = accuracy.test\n  users = \"id\"\n  user_texts = true")
	rows, users := l.table("dataset.prism", ExportOptions{}), l.table("dataset.prism.users", ExportOptions{})
	if strings.Join(rows["conversation"], "") == "" || slices.Contains(users["user"], "user 1") || !slices.Contains(users["user"], "user3") {
		t.Errorf("a report with ids: users %q, conversations %q", users["user"], rows["conversation"])
	}
	if strings.Join(users["text"], "") == "" || strings.Join(users["attributes"], "") != "" {
		t.Errorf("a report with users' texts: texts %q, attributes %q", users["text"], users["attributes"])
	}
}

// A report's numbers are those of its blocks, and need its results.
func TestExportReport(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	if _, _, err := l.exportResults("report.small", ExportOptions{Format: FormatCSV}); err == nil || !strings.Contains(err.Error(), "which is not in the store; run apply -target 'report.small' first") {
		t.Errorf("before apply: %v", err)
	}
	l.apply()
	numbers := l.table("report.small", ExportOptions{})
	result, err := restored(l.fileOf(`accuracy accuracy.test["individual"]`, resultFile))
	if err != nil {
		t.Fatal(err)
	}
	top, _ := estimateOf(at(result, "top"))
	found := false
	for i := range numbers["value"] {
		if numbers["block"][i] == "accuracy.test" && numbers["row"][i] == "individual" && numbers["column"][i] == "top" {
			found = true
			if want := strconv.FormatFloat(top.Mean, 'g', -1, 64); numbers["value"][i] != want || numbers["n"][i] != strconv.Itoa(top.N) || numbers["unit"][i] != "share" {
				t.Errorf("top is %s %s, n %s; the result is %+v", numbers["value"][i], numbers["unit"][i], numbers["n"][i], top)
			}
		}
	}
	if !found {
		t.Errorf("no accuracy among blocks %q", distinctOf(numbers["block"]))
	}
	for want, o := range map[string]ExportOptions{"leave -users out": {Format: FormatCSV, Users: []string{"worker01"}}, `write users = "id" in its block`: {Format: FormatCSV, Personal: true}} {
		if _, _, err := l.exportResults("report.small", o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
