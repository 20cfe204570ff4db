package formats

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// filesOf makes data up in a folder.
func filesOf(t *testing.T, format string, cfg SyntheticConfig) string {
	t.Helper()
	dir := t.TempDir()
	if err := SynthesizeFiles(format, cfg, func(name string) (io.WriteCloser, error) { return os.Create(filepath.Join(dir, name)) }); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestSyntheticFilesGolden: the same seed gives the same bytes, for ever, and another seed others.
func TestSyntheticFilesGolden(t *testing.T) {
	for format, want := range map[string]string{"psoups": "a42f9cab285f0c07", "prism": "60c98fe6f6456d80", "prompts": "4340cab6db70642a"} {
		sum := func(seed int64) string {
			h := sha256.New()
			dir := filesOf(t, format, SyntheticConfig{Users: 7, Comparisons: 120, Prompts: 40, Seed: seed})
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				text, err := os.ReadFile(filepath.Join(dir, e.Name()))
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(h, "%s %d\n%s", e.Name(), len(text), text)
			}
			return fmt.Sprintf("%x", h.Sum(nil)[:8])
		}
		if got := sum(1); got != want || got != sum(1) || got == sum(2) {
			t.Errorf("%s of seed 1 is %s, want %s; seed 2 gives %s", format, got, want, sum(2))
		}
	}
}

// TestSyntheticPSOUPS goes through the real reader: no row is left out, each user prefers what their rule says, and both
// users of a dimension like the opposite.
func TestSyntheticPSOUPS(t *testing.T) {
	dir := filesOf(t, "psoups", SyntheticConfig{Users: 6, Comparisons: 1201, Prompts: 100, Seed: 3})
	counts, prompts := map[string]int{}, map[string]bool{}
	for _, r := range collect(t, ReadPSOUPS(dir)) {
		if r.Kind != Usable {
			t.Fatal(r)
		}
		counts[r.User]++
		prompts[r.Prompt] = true
		for i, p := range Profiles {
			agrees := Prefers(p.Name, r.Chosen, r.Rejected) == 0 && Prefers(p.Name, r.Rejected, r.Chosen) == 1
			differs := Prefers(p.Name, r.Chosen, r.Rejected) == 1 && Prefers(p.Name, r.Rejected, r.Chosen) == 0
			switch user := fmt.Sprint(i + 1); {
			case r.User == user && !agrees:
				t.Errorf("%s: user %s chose %q over %q", r, user, r.Chosen, r.Rejected)
			case r.User == fmt.Sprint(i^1+1) && !differs:
				t.Errorf("%s: %s would choose %q over %q too", r, p.Name, r.Chosen, r.Rejected)
			}
		}
	}
	if fmt.Sprint(counts) != "map[1:200 2:200 3:200 4:200 5:200 6:201]" || len(prompts) != 100 {
		t.Errorf("%v comparisons on %d prompts", counts, len(prompts))
	}
}

// TestStylesCanBeTold: in all eight styles, on every question, the three rules tell the sides apart by a wide margin.
func TestStylesCanBeTold(t *testing.T) {
	random := newRandom(1, "test")
	asked, err := drawTopics(200, false, random)
	if err != nil {
		t.Fatal(err)
	}
	var low, high [3]float64 // the highest of the low side, the lowest of the high one
	for i := range low {
		low[i], high[i] = -1e9, 1e9
	}
	for _, q := range asked {
		for n := range 8 {
			s := style{n&1 > 0, n&2 > 0, n&4 > 0}
			text := q.answer(s, random)
			for i, score := range []float64{wordLength(text), float64(len(strings.Fields(text))), -cheer(text)} {
				if s[i] {
					high[i] = min(high[i], score)
				} else {
					low[i] = max(low[i], score)
				}
			}
		}
	}
	for i, p := range []string{"letters per word", "words", "cheer"} {
		if high[i] <= low[i] {
			t.Errorf("%s: one side up to %g, the other from %g", p, low[i], high[i])
		}
	}
}

// TestSyntheticPRISM goes through the real reader.
func TestSyntheticPRISM(t *testing.T) {
	cfg := SyntheticConfig{Users: 30, Comparisons: 500, Prompts: 90, Seed: 5}
	dir := filesOf(t, "prism", cfg)
	people, err := People("prism", dir)
	if err != nil || len(people) != cfg.Users {
		t.Fatalf("%d people, %v", len(people), err)
	}
	who := map[string]Person{}
	for _, p := range people {
		who[p.ID] = p
		if len(p.Attributes["stated_preferences"].([]string)) != 3 || !strings.Contains(p.Text, "preference: "+strings.Join(p.Attributes["stated_preferences"].([]string), ", ")) {
			t.Errorf("%+v", p)
		}
		if strings.Contains(p.Text, wantsQuestion) || strings.Contains(p.Text, wantsNone) {
			t.Errorf("the text of %s tells what only choices tell: %q", p.ID, p.Text)
		}
	}
	rows, other := readAll(t, dir, Pairs{})
	for _, r := range other {
		if r.Reason != NoConversation {
			t.Error(r)
		}
	}
	if len(rows) != cfg.Comparisons || len(other) != 3 {
		t.Errorf("%d comparisons and %d records that are none", len(rows), len(other))
	}
	turns, byText, bySystem := map[int32]int{}, 0, 0
	for _, r := range rows {
		turns[r.TurnNumber]++
		chosen, known := Taste(who[r.User].Attributes, r.Chosen)
		rejected, _ := Taste(who[r.User].Attributes, r.Rejected)
		if !known || chosen <= rejected {
			t.Errorf("%s chose %q (%g) over %q (%g)", r.User, r.Chosen, chosen, r.Rejected, rejected)
		}
		if int(chosen) == int(rejected) {
			bySystem++
		} else {
			byText++
		}
	}
	if len(turns) != maxTurns || byText < 200 || bySystem < 150 {
		t.Errorf("turns %v; %d choices by what the text tells, %d by what it does not", turns, byText, bySystem)
	}
	all, _ := readAll(t, dir, Pairs{All: true})
	if len(all) <= len(rows) {
		t.Error("no turn has three replies")
	}
}

// TestAspectsAreApart: a reply shows its own aspect and no other, whatever it is about.
func TestAspectsAreApart(t *testing.T) {
	for name, reply := range replies {
		for _, thing := range topics {
			for _, where := range settings {
				text := topic{"", thing, where}.fill(reply)
				for _, a := range aspects {
					if score := aspectScore([]string{a.name}, "", text); score > 0 != (a.name == name) {
						t.Errorf("%q shows %s: %g", text, a.name, score)
					}
				}
			}
		}
	}
}

func TestSyntheticPrompts(t *testing.T) {
	dir := filesOf(t, "prompts", SyntheticConfig{Users: 1, Comparisons: 1, Prompts: 50})
	met := map[string]bool{}
	for _, r := range collect(t, ReadPrompts(dir)) {
		if r.Kind != Usable || met[r.Prompt] {
			t.Error(r)
		}
		met[r.Prompt] = true
	}
	if len(met) != 50 {
		t.Errorf("%d prompts", len(met))
	}
	all, err := drawTopics(500, false, newRandom(0, "x"))
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(all, func(q topic) bool { return met[q.question] }); i >= 0 {
		t.Errorf("%q is a prompt and a question that is trained on", all[i].question)
	}
}

func TestSyntheticFilesRefuse(t *testing.T) {
	for want, c := range map[string]struct {
		format string
		cfg    SyntheticConfig
	}{
		"distinct questions":        {"psoups", SyntheticConfig{Users: 6, Comparisons: 10, Prompts: 5000}},
		"needs a comparison":        {"prism", SyntheticConfig{Users: 20, Comparisons: 10, Prompts: 5}},
		"at least one":              {"prompts", SyntheticConfig{Users: 1, Comparisons: 1}},
		`in the format "responses"`: {"responses", SyntheticConfig{Users: 1, Comparisons: 1, Prompts: 1}},
	} {
		err := SynthesizeFiles(c.format, c.cfg, func(string) (io.WriteCloser, error) { return nopCloser{&bytes.Buffer{}}, nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// TestHowManyQuestions: dsl tells people these numbers.
func TestHowManyQuestions(t *testing.T) {
	for _, c := range []struct {
		n       int
		prompts bool
	}{{820, false}, {204, true}} {
		if _, err := drawTopics(c.n, c.prompts, newRandom(0, "x")); err != nil {
			t.Error(err)
		}
		if _, err := drawTopics(c.n+1, c.prompts, newRandom(0, "x")); err == nil {
			t.Errorf("there are more than %d questions", c.n)
		}
	}
}
