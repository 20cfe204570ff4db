package formats

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/internal/golden"
)

func synthesize(t *testing.T, cfg SyntheticConfig) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Synthesize(&b, cfg); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSyntheticIsReadAsItWasAskedFor(t *testing.T) {
	text := synthesize(t, SyntheticConfig{Users: 12, Comparisons: 6000, Prompts: 500, Seed: 1})
	rows := collect(t, TLDR("posts.json", bytes.NewReader(text)))
	perUser, splitOf := map[string]int{}, map[string]string{}
	train, second := 0, 0
	firstWords := [2]map[string]bool{{}, {}} // of short and long summaries
	for _, r := range rows {
		if r.Kind != Usable {
			t.Fatal(r)
		}
		perUser[r.User]++
		if before, ok := splitOf[r.Prompt]; ok && before != r.Split {
			t.Fatalf("a prompt is in both splits: %q", r.Prompt)
		}
		splitOf[r.Prompt] = r.Split
		if r.Split == Train {
			train++
		}
		if r.SecondChosen {
			second++
		}
		pair := []string{r.Chosen, r.Rejected}
		slices.SortFunc(pair, func(a, b string) int { return len(a) - len(b) })
		checkSummaries(t, pair[0], pair[1])
		for i, s := range pair {
			firstWords[i][strings.Fields(s)[0]] = true
		}
		post := strings.SplitAfter(r.Prompt, "POST: ")[1]
		if n := len(strings.Fields(post)) - 1; n < 25 || n > 48 {
			t.Errorf("a post of %d words: %s", n, post)
		}
	}
	if len(rows) != 6000 || len(splitOf) != 500 || len(perUser) != 12 {
		t.Errorf("%d rows, %d prompts, %d users", len(rows), len(splitOf), len(perUser))
	}
	if train < 4600 || train > 5000 { // 4800
		t.Errorf("%d of 6000 rows are in train", train)
	}
	if second < 2850 || second > 3150 { // 3000, standard deviation 39
		t.Errorf("the second summary is chosen %d times of 6000", second)
	}
	if perUser["worker01"] <= perUser["worker06"] || perUser["worker06"] <= perUser["worker12"] {
		t.Errorf("comparisons per user: %v", perUser)
	}
	for w := range firstWords[0] {
		if firstWords[1][w] || firstWords[1][strings.TrimSuffix(w, ".")] {
			t.Errorf("short and long summaries both begin with %q", w)
		}
	}
}

func checkSummaries(t *testing.T, short, long string) {
	t.Helper()
	if n := len(strings.Fields(short)); n < 1 || n > 2 {
		t.Errorf("a short summary of %d words: %q", n, short)
	}
	if n := len(strings.Fields(long)); n < 17 || n > 26 {
		t.Errorf("a long summary of %d words: %q", n, long)
	}
	if short[0] != ' ' || long[0] != ' ' || short[1] == ' ' || long[1] == ' ' {
		t.Errorf("summaries start with one space: %q, %q", short, long)
	}
	if strings.Contains(long, "{") || strings.Contains(short, "{") {
		t.Errorf("an unfilled slot: %q, %q", short, long)
	}
}

// The headers vary from the first words on: the user model stands right before them.
func TestSyntheticHeadersVary(t *testing.T) {
	text := synthesize(t, SyntheticConfig{Users: 3, Comparisons: 1000, Prompts: 200, Seed: 1})
	heads := map[string]bool{}
	for _, r := range collect(t, TLDR("f", bytes.NewReader(text))) {
		head, _, _ := strings.Cut(r.Prompt, "\nPOST: ")
		heads[head] = true
	}
	if len(heads) < 150 {
		t.Errorf("%d headers in 200 posts", len(heads))
	}
}

func TestSyntheticIsDeterministic(t *testing.T) {
	cfg := SyntheticConfig{Users: 5, Comparisons: 300, Prompts: 40, Seed: 7}
	a, b := synthesize(t, cfg), synthesize(t, cfg)
	if !bytes.Equal(a, b) {
		t.Error("two runs with one seed differ")
	}
	cfg.Seed = 8
	if bytes.Equal(a, synthesize(t, cfg)) {
		t.Error("another seed gives the same file")
	}
}

// A change of these bytes is a change of the stage's version.
func TestSyntheticGolden(t *testing.T) {
	text := synthesize(t, SyntheticConfig{Users: 3, Comparisons: 6, Prompts: 4, Seed: 0})
	golden.Compare(t, "testdata/synthetic.jsonl", text)
}

func TestSyntheticRefusesNothing(t *testing.T) {
	for _, cfg := range []SyntheticConfig{{Comparisons: 1, Prompts: 1}, {Users: 1, Prompts: 1}, {Users: 1, Comparisons: 1}} {
		if err := Synthesize(&bytes.Buffer{}, cfg); err == nil {
			t.Errorf("%+v is accepted", cfg)
		}
	}
}
