package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/runner/store"
	"github.com/prlhf/prlhf/torch/safetensors"
)

// userRows returns the rows of user_embedding in an artifact.
func userRows(t *testing.T, a *store.Artifact) [][]float32 {
	t.Helper()
	f, err := safetensors.Open(a.Path(userModelFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	x, _ := f.Tensor("user_embedding")
	values, err := safetensors.Float32s(x)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(slices.Chunk(values, len(values)/int(x.Shape[0])))
}

// newForgetLab is an applied lab.
func newForgetLab(t *testing.T) *lab {
	l := newLab(t, smallSpec)
	l.apply()
	return l
}

func (l *lab) forget(addr string, users ...string) (Forgotten, error) {
	l.t.Helper()
	st := l.store()
	return Forget(context.Background(), l.plan(st), st, []string{addr}, users)
}

// artifact is the one that the plan has for a kind and block.
func (l *lab) artifact(kind, addr string) *store.Artifact {
	l.t.Helper()
	st := l.store()
	for _, n := range l.plan(st).Nodes {
		if n.Kind == kind && n.Addr == addr {
			a, ok := st.Get(n.Fingerprint)
			if !ok {
				l.t.Fatalf("%s is not in the store", n.ID)
			}
			return a
		}
	}
	l.t.Fatalf("no %s of %s", kind, addr)
	return nil
}

const individual = `train.dpo["individual"]`

// Forgetting a user replaces their row and their name and nothing else; the artifact is whole, and the next apply uses it.
func TestForget(t *testing.T) {
	l := newForgetLab(t)
	before := l.artifact(kindTrain, individual)
	users, err := arrowio.Read[arrowio.User](before.Path(usersFile))
	if err != nil {
		t.Fatal(err)
	}
	gone, rows := users[1], userRows(t, before)
	done, err := l.forget(individual, gone.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(done.Rewritten) != 1 || len(done.Rewritten[0].Files) != 2 || done.Rewritten[0].ID != "train "+individual {
		t.Errorf("rewritten: %+v", done.Rewritten)
	}
	after := l.artifact(kindTrain, individual)
	left, err := arrowio.Read[arrowio.User](after.Path(usersFile))
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(users)
	want[1] = arrowio.User{Index: 2}
	if !slices.Equal(left, want) || !left[1].Erased() || left[0].Erased() {
		t.Errorf("users are %+v; want %+v", left, want)
	}
	rows[2] = make([]float32, len(rows[2])) // an offset of zero is user 0
	if got := userRows(t, after); !slices.EqualFunc(got, rows, slices.Equal) {
		t.Errorf("rows are %v; want %v", got, rows)
	}
	if index := indexOf(left); index[gone.ID] != 0 || index[users[2].ID] != 3 || index[""] != 0 {
		t.Errorf("indices are %v", index)
	}
	m := after.Manifest()
	if m.Fingerprint != before.Manifest().Fingerprint || !slices.Equal(m.Rewritten, []string{"1 of 4 users were erased (prlhf forget)"}) {
		t.Errorf("manifest: %s, %q", m.Fingerprint.Short(), m.Rewritten)
	}
	if text, err := json.Marshal(m); err != nil || strings.Contains(string(text), gone.ID) {
		t.Errorf("the manifest names the user (%v)", err)
	}
	if err := l.store().Verify(m.Fingerprint); err != nil {
		t.Error(err)
	}
	if events := l.apply(); len(events.of(Started)) > 0 {
		t.Errorf("the next apply ran %v", events.of(Started))
	}
	if _, err := l.forget(individual, gone.ID); err == nil || !strings.Contains(err.Error(), "knows no user "+fmt.Sprintf("%q", gone.ID)) {
		t.Errorf("a second time: %v", err)
	}
}

// What still has something of a user is every artifact with their rows, texts, results or parameters, and no other.
func TestHoldings(t *testing.T) {
	l := newForgetLab(t)
	users, err := arrowio.Read[arrowio.User](l.artifact(kindTrain, individual).Path(usersFile))
	if err != nil {
		t.Fatal(err)
	}
	id := users[0].ID
	rowsOf := func(a *store.Artifact, file string) int {
		n := 0
		if _, err := arrowio.Values(a.Path(file), "user", func(_ int, user string) {
			if user == id {
				n++
			}
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	held := func() map[string]string {
		list, err := Holdings(l.store(), []string{id})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, h := range list {
			for _, f := range h.Files {
				out[h.ID] += fmt.Sprintf("%s %d%s; ", f.Name, f.Rows, f.What)
			}
		}
		return out
	}
	imported, tokens := l.artifact(kindImport, "dataset.posts"), l.artifact(kindTokenize, "dataset.posts")
	scores := l.artifact(kindScore, `accuracy.test["individual"]`)
	if rowsOf(imported, comparisonsFile) == 0 || rowsOf(scores, scoresFile) == 0 {
		t.Fatal("the user has no rows to be found")
	}
	all := held()
	for what, want := range map[string]string{
		"import dataset.posts":                      fmt.Sprintf("comparisons.arrow %d; recorded.arrow %d; ", rowsOf(imported, comparisonsFile), rowsOf(imported, recordedFile)),
		"synthesize synthetic.posts":                "files/ 0the files that their rows were read from; ",
		"split dataset.posts":                       fmt.Sprintf("users.arrow 1; rows.arrow %d; ", rowsOf(imported, comparisonsFile)),
		"tokenize dataset.posts for model.tiny":     fmt.Sprintf("tokens.arrow %d; ", rowsOf(tokens, tokensFile)),
		"train " + individual:                       "users.arrow 1; user_model.safetensors 0their parameters; ",
		`train train.dpo["vanilla"]`:                "users.arrow 1; ",
		`score accuracy.test["individual"]`:         fmt.Sprintf("scores.arrow %d; ", rowsOf(scores, scoresFile)),
		`accuracy accuracy.test["individual"]`:      "result.json 0their results; ",
		`words generate.summaries["individual"]`:    "result.json 0their results; ",
		"reference train.sft on dataset.posts":      "",
		"init model.tiny":                           "",
		`generate generate.summaries["individual"]`: "users.arrow 1; responses.arrow 3; ",
	} {
		if all[what] != want {
			t.Errorf("%s: %q; want %q", what, all[what], want)
		}
	}
	if _, err := l.forget(individual, id); err != nil {
		t.Fatal(err)
	}
	after := held()
	if after["train "+individual] != "" || len(after) != len(all)-1 {
		t.Errorf("after forgetting: %v", after)
	}
	if list, err := Holdings(l.store(), []string{"nobody"}); err != nil || len(list) > 0 {
		t.Errorf("nobody is in %+v (%v)", list, err)
	}
}

// What a killed training left says of nobody whose it is, so it is listed for everybody until it is finished or dropped.
func TestHoldingsOfUnfinishedWork(t *testing.T) {
	l := newForgetLab(t)
	st, fp := l.store(), store.Fingerprint{7}
	if err := os.MkdirAll(filepath.Join(st.Scratch(fp), "checkpoints"), 0o755); err != nil {
		t.Fatal(err)
	}
	if list, err := Holdings(st, []string{"nobody"}); err != nil || len(list) > 0 {
		t.Errorf("an empty folder is listed: %+v (%v)", list, err)
	}
	if err := os.WriteFile(filepath.Join(st.Scratch(fp), "checkpoints", "step"), []byte("2"), 0o644); err != nil {
		t.Fatal(err)
	}
	list, err := Holdings(st, []string{"nobody"})
	if err != nil || len(list) != 1 || list[0].Dir != st.Scratch(fp) || list[0].Kind != "unfinished" || len(list[0].Files) != 1 || list[0].Files[0].Name != "checkpoints/step" {
		t.Errorf("%+v (%v); want the checkpoint", list, err)
	}
	if err := st.Remove(fp); err != nil {
		t.Fatal(err)
	}
	if list, err := Holdings(st, []string{"nobody"}); err != nil || len(list) > 0 {
		t.Errorf("when it is dropped: %+v (%v)", list, err)
	}
}

func TestForgetRefuses(t *testing.T) {
	empty := newLab(t, smallSpec)
	if _, err := empty.forget(individual, "worker01"); err == nil || !strings.Contains(err.Error(), individual+" is not trained yet, so there is nobody to forget") {
		t.Errorf("before apply: %v", err)
	}
	l := newForgetLab(t)
	for want, users := range map[string][]string{
		`knows no user "worker1"; it knows 4 users, by their ids in the data`: {"worker01,worker1"},
		"user 0 is nobody": {"0"},
	} {
		if _, err := l.forget(individual, users...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", users, err, want)
		}
	}
	if _, err := l.forget("accuracy.test", "worker01"); err == nil {
		t.Error("an accuracy was accepted")
	}
	if m := l.artifact(kindTrain, individual).Manifest(); len(m.Rewritten) > 0 {
		t.Errorf("a refused forget rewrote the artifact: %q", m.Rewritten)
	}
}

// The users of all instances of a block are forgotten; a policy without a user model has their names only.
func TestForgetInAllInstances(t *testing.T) {
	l := newForgetLab(t)
	st := l.store()
	done, err := Forget(context.Background(), l.plan(st), st, []string{individual, `train.dpo["vanilla"]`}, []string{"worker01"})
	if err != nil {
		t.Fatal(err)
	}
	if len(done.Rewritten) != 2 || len(done.Rewritten[0].Files)+len(done.Rewritten[1].Files) != 3 {
		t.Errorf("rewritten: %+v", done.Rewritten)
	}
}

// An erased user is nobody's wrong user in the control of an accuracy.
func TestAnotherIsNotErased(t *testing.T) {
	users := []arrowio.User{{ID: "a", Group: "g", Index: 1, Seen: true}, {Index: 2}, {ID: "c", Group: "g", Index: 3, Seen: true}}
	if got := another(users); got[0] != 3 || got[2] != 1 {
		t.Errorf("others are %v; want 3 for user 1 and 1 for user 3", got)
	}
}
