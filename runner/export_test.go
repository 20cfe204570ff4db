package runner

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
)

// export exports from the lab's store.
func (l *lab) export(addr string, o ExportOptions) (Exported, error) {
	l.t.Helper()
	st := l.store()
	o.Device = l.opts.Device
	return Export(context.Background(), l.plan(st), st, addr, o)
}

// What cannot be exported is a sentence, and nothing is left on the disk.
func TestExportRefusals(t *testing.T) {
	l := newLab(t, smallSpec)
	out := filepath.Join(t.TempDir(), "deep", "down")
	o := func(format string, users ...string) ExportOptions {
		return ExportOptions{Format: format, Out: out, Users: users}
	}
	refused := func(want, addr string, o ExportOptions) {
		t.Helper()
		if _, err := l.export(addr, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s, %+v: %v; want %q", addr, o, err, want)
		}
		if entries, _ := os.ReadDir(filepath.Dir(filepath.Dir(out))); len(entries) > 0 {
			t.Fatalf("%s, %+v left %v", addr, o, entries)
		}
	}
	refused(`train.dpo["individual"] is not trained yet; run apply -target 'train.dpo["individual"]' first`, `train.dpo["individual"]`, o("merged"))
	l.apply()
	refused(`-format is "gguf"; huggingface, merged or peft is expected`, `train.dpo["individual"]`, o("gguf"))
	refused(`so there is no adapter; export it with -format merged`, `train.dpo["individual"]`, o("peft"))
	refused(`serves everybody alike`, `train.dpo["vanilla"]`, o("merged", "worker01"))
	refused(`knows no user "worker"; it knows 4 users, by their ids in the data`, `train.dpo["individual"]`, o("merged", "worker01,worker"))
	refused(`export takes a trained policy, the address of a train or adapt block; dataset.posts is none`, "dataset.posts", o("merged"))
	refused(`is a result of one. Write train.dpo["vanilla"]`, `train.dpo["vanilla"].curves`, o("merged"))
	refused(`nothing in this spec is called train.nobody`, "train.nobody", o("merged"))
	refused("", `train.dpo["individual"]`, o("merged")) // the fake policy has no weights
	l.spec = strings.Replace(smallSpec, "tokens = 2 }", "tokens = 20000 }", 1)
	l.apply()
	refused(`5 users of 20000 tokens each, user 0 with them, would add 100000 tokens to the vocabulary; at most 50000 are added. Choose users with -users`,
		`train.dpo["individual"]`, o("huggingface"))

	taken := t.TempDir()
	if err := os.WriteFile(filepath.Join(taken, "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	out = taken
	if _, err := l.export(`train.dpo["individual"]`, o("merged")); err == nil || !strings.Contains(err.Error(), "is not empty (it has mine)") {
		t.Errorf("a folder with a file in it: %v", err)
	}
}

func TestFindUsers(t *testing.T) {
	users := []arrowio.User{{ID: "ann", Index: 1, Seen: true}, {ID: "bob, jr", Index: 2, Seen: true}, {Index: 3}, {ID: "17", Index: 4, Seen: true}}
	for _, c := range []struct {
		asked   []string
		generic bool
		want    []int32
		err     string
	}{
		{[]string{"17,ann"}, true, []int32{1, 4}, ""},
		{[]string{"bob, jr", "ann", "ann"}, true, []int32{1, 2}, ""},
		{[]string{"0,17"}, true, []int32{4}, ""},
		{[]string{"0"}, false, nil, "user 0 is nobody"},
		{[]string{"anne"}, true, nil, `p knows no user "anne"; it knows 3 users, by their ids in the data`},
		{[]string{""}, true, nil, `knows no user ""`},
	} {
		got, err := findUsers("p", users, c.asked, c.generic)
		if c.err == "" && (err != nil || !slices.Equal(got, c.want)) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%q: %v, %v; want %v, %q", c.asked, got, err, c.want, c.err)
		}
	}
}

// Every user has a name of their own, whatever the ids are.
func TestTokenNames(t *testing.T) {
	ids := []string{"ann", "0", "b c", "3", "", "index-2", "2"}
	var users []arrowio.User
	for i, id := range ids {
		users = append(users, arrowio.User{ID: id, Index: int32(i) + 1, Seen: true})
	}
	want := []string{"0", "ann", "index-index-2", "index-3", "3", "5", "index-2", "2"}
	got := tokenNames(users)
	if !slices.Equal(got, want) {
		t.Errorf("names are %q; want %q", got, want)
	}
}

func TestInterruptedExport(t *testing.T) {
	l := newLab(t, smallSpec)
	l.apply()
	out := filepath.Join(t.TempDir(), "out")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	st := l.store()
	_, err := Export(ctx, l.plan(st), st, `train.dpo["vanilla"]`, ExportOptions{Format: FormatMerged, Out: out, Device: l.opts.Device})
	if err == nil {
		t.Error("a cancelled export succeeded")
	}
	if entries, _ := os.ReadDir(filepath.Dir(out)); len(entries) > 0 {
		t.Errorf("it left %v", entries)
	}
}
