package formats

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// poll is what the votes for one pair of texts say; the texts are sorted.
type poll struct {
	votes, first int
	workers      map[string]bool
}

// polls reads made-up votes back through the reader of tldr: prompt -> pair of texts -> votes.
func polls(t *testing.T, cfg SyntheticConfig) map[string]map[[2]string]*poll {
	t.Helper()
	all := map[string]map[[2]string]*poll{}
	n := 0
	for _, r := range collect(t, TLDR("votes.jsonl", bytes.NewReader(synthesize(t, cfg)))) {
		if r.Kind != Usable {
			t.Fatal(r)
		}
		n++
		pair := [2]string{min(r.Chosen, r.Rejected), max(r.Chosen, r.Rejected)}
		if all[r.Prompt] == nil {
			all[r.Prompt] = map[[2]string]*poll{}
		}
		p := all[r.Prompt][pair]
		if p == nil {
			p = &poll{workers: map[string]bool{}}
			all[r.Prompt][pair] = p
		}
		if p.workers[r.User] {
			t.Errorf("%s judges one pair twice", r.User)
		}
		p.workers[r.User] = true
		p.votes++
		if r.Chosen == pair[0] {
			p.first++
		}
	}
	if n != cfg.Comparisons || len(all) != cfg.Prompts {
		t.Errorf("%d comparisons on %d prompts; asked for %d on %d", n, len(all), cfg.Comparisons, cfg.Prompts)
	}
	return all
}

func TestVotesHaveTheirShares(t *testing.T) {
	shares, longer := map[string]int{}, 0
	for _, pairs := range polls(t, SyntheticConfig{Users: 10, Comparisons: 180 * 10, Prompts: 180, Votes: 10, Seed: 3}) {
		if len(pairs) != 1 {
			t.Errorf("a prompt has %d pairs; expected one", len(pairs))
		}
		for pair, p := range pairs {
			if p.votes != 10 {
				t.Errorf("a pair has %d votes; expected 10", p.votes)
			}
			forLonger := p.first
			if len(pair[1]) > len(pair[0]) {
				forLonger = p.votes - p.first
			}
			shares[fmt.Sprint(max(forLonger, p.votes-forLonger))]++
			if forLonger > p.votes-forLonger {
				longer++
			}
		}
	}
	// 180 pairs, 20 for each share 0.1 ... 0.9; a share and its complement look alike.
	if want := map[string]int{"9": 40, "8": 40, "7": 40, "6": 40, "5": 20}; !maps.Equal(shares, want) {
		t.Errorf("pairs by votes of the majority: %v; expected %v", shares, want)
	}
	if longer != 80 { // half of the 160 pairs that have a majority
		t.Errorf("the longer answer wins %d pairs; expected 80", longer)
	}
}

// Several pairs of a prompt share no answer: then rewards exist for any shares.
func TestVotedPairsShareNoAnswer(t *testing.T) {
	for _, pairs := range polls(t, SyntheticConfig{Users: 12, Comparisons: 5 * 50, Prompts: 20, Votes: 5, Seed: 1}) {
		met := map[string]bool{}
		for pair := range pairs {
			for _, text := range pair {
				if met[text] {
					t.Errorf("an answer is in two pairs: %q", text)
				}
				met[text] = true
			}
		}
		if len(pairs) < 2 || len(pairs) > 3 {
			t.Errorf("a prompt has %d pairs; expected 2 or 3 of 50 on 20 prompts", len(pairs))
		}
	}
}

func TestCircles(t *testing.T) {
	for votes, most := range map[int]int{1: 1, 2: 2, 3: 2, 5: 4, 10: 8} {
		longer := map[int]int{}
		for _, pairs := range polls(t, SyntheticConfig{Users: 10, Comparisons: 3 * 40 * votes, Prompts: 40, Votes: votes, Cyclic: true, Seed: 5}) {
			wins, forLonger := map[string]int{}, 0
			for pair, p := range pairs {
				if characters(pair[0]) == characters(pair[1]) {
					t.Errorf("two answers of one length: %q", pair)
				}
				winner, ahead := pair[0], p.first
				if p.first < p.votes-p.first {
					winner, ahead = pair[1], p.votes-p.first
				}
				if ahead != most {
					t.Errorf("%d votes: the majority has %d; expected %d", votes, ahead, most)
				}
				wins[winner]++
				if characters(winner) > min(characters(pair[0]), characters(pair[1])) {
					forLonger++
				}
			}
			if len(pairs) != 3 || len(wins) != 3 {
				t.Errorf("%d pairs with %d winners; expected a circle of three", len(pairs), len(wins))
			}
			longer[forLonger]++
		}
		if longer[1] < 10 || longer[2] < 10 || longer[1]+longer[2] != 40 {
			t.Errorf("%d votes: circles by how often the longer answer wins: %v; expected once and twice, both often", votes, longer)
		}
	}
}

// No rewards give the votes of a circle. Differences x, y and -x-y come nearest to a share of 0.8 with x = y = log 4: two
// pairs fit, and the third has 1/17. Brute force over x and y.
func TestNoRewardGivesACircle(t *testing.T) {
	sigma := func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
	least := math.Inf(1)
	for x := -6.0; x <= 6; x += 0.05 {
		for y := -6.0; y <= 6; y += 0.05 {
			gap := 0.0
			for _, z := range []float64{x, y, -x - y} {
				gap += math.Abs(sigma(z)-circleShare) / 3
			}
			least = min(least, gap)
		}
	}
	if want := (circleShare - 1.0/17) / 3; math.Abs(least-want) > 0.01 {
		t.Errorf("some rewards come as near as %g to a circle of votes; expected %g", least, want)
	}
}

func TestVotersAreMostlyTheBusyOnes(t *testing.T) {
	counts := map[string]int{}
	for _, pairs := range polls(t, SyntheticConfig{Users: 9, Comparisons: 3 * 300, Prompts: 300, Votes: 3, Seed: 2}) {
		for _, p := range pairs {
			for w := range p.workers {
				counts[w]++
			}
		}
	}
	if names := slices.Sorted(maps.Keys(counts)); len(names) != 9 || counts["worker01"] < counts["worker09"]*5/4 {
		t.Errorf("votes by worker: %v; expected the first to have clearly more than the last", counts)
	}
}

func TestVotesThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		cfg  SyntheticConfig
		want string
	}{
		{SyntheticConfig{Users: 3, Votes: 4, Comparisons: 4, Prompts: 1}, "4 votes for each pair need as many users"},
		{SyntheticConfig{Users: 4, Votes: 4, Comparisons: 6, Prompts: 1}, "a multiple of 4; asked for 6"},
		{SyntheticConfig{Users: 4, Votes: 4, Comparisons: 8, Prompts: 3}, "have 12 to 36 comparisons"},
		{SyntheticConfig{Users: 4, Votes: 4, Comparisons: 16, Prompts: 1}, "have 4 to 12 comparisons"},
		{SyntheticConfig{Users: 4, Votes: 4, Comparisons: 20, Prompts: 2, Cyclic: true}, "have 24 comparisons; asked for 20"},
	} {
		if err := Synthesize(&bytes.Buffer{}, c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v gives %v; expected %q", c.cfg, err, c.want)
		}
	}
}
