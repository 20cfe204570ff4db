package runner

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

func wantEstimate(t *testing.T, v dsl.Value, mean float64, n int, path ...string) {
	t.Helper()
	e, ok := at(v, path...).(dsl.Estimate)
	if !ok || !(math.Abs(e.Mean-mean) <= 1e-12) || e.N != n {
		t.Errorf("%v is %g (n = %d); expected %g (n = %d)", path, e.Mean, e.N, mean, n)
	}
}

// TestVoteGapOfGroups is Lemma 3.3 in counts: of ten users seven prefer the longer text of every pair, and a common reward
// gives it 0.7. The majority is 0.3 from that, the minority 0.7, and all together 0.
func TestVoteGapOfGroups(t *testing.T) {
	var votes []vote
	for pair := range 6 {
		longerFirst := pair%2 == 0
		for u := range 10 {
			v := vote{prompt: fmt.Sprint("x", pair/2), pair: fmt.Sprint(pair), user: fmt.Sprint(u), group: "majority", seen: true, first: longerFirst, p: 0.7}
			if u >= 7 {
				v.group, v.first = "minority", !longerFirst
			}
			if !longerFirst {
				v.p = 0.3
			}
			votes = append(votes, v)
		}
	}
	v := voteGap(votes)
	wantEstimate(t, v, 0, 6, "top")
	wantEstimate(t, v, 0.3, 6, "groups", "majority")
	wantEstimate(t, v, 0.7, 6, "groups", "minority")
	wantEstimate(t, v, 0.3, 6, "users", "0")
	wantEstimate(t, v, 0.7, 6, "users", "9")
	wantEstimate(t, v, 0.7*0.3+0.3*0.7, 10, "average")
	if n := pairs(votes); n != 6 {
		t.Errorf("%d pairs; expected 6", n)
	}
}

// TestLemma33 in counts, for groups of any size who are of one mind or not: when the common reward gives a pair its share of
// votes, the minority is p_majority |D| from that and the majority p_minority |D|. So the minority is further off exactly where
// the majority is more than half and the groups differ.
func TestLemma33(t *testing.T) {
	for _, majority := range []int{5, 6, 9} {
		minority := 10 - majority
		for ayes := range majority + 1 {
			for minor := range minority + 1 {
				common := float64(ayes+minor) / 10
				var votes []vote
				add := func(group string, n, ayes int) {
					for u := range n {
						votes = append(votes, vote{prompt: "x", pair: "x", user: fmt.Sprint(group, u), group: group, seen: true, first: u < ayes, p: common})
					}
				}
				add("majority", majority, ayes)
				add("minority", minority, minor)
				d := math.Abs(float64(ayes)/float64(majority) - float64(minor)/float64(minority))
				v := voteGap(votes)
				wantEstimate(t, v, float64(majority)/10*d, 1, "groups", "minority")
				wantEstimate(t, v, float64(minority)/10*d, 1, "groups", "majority")
				far, near := at(v, "groups", "minority").(dsl.Estimate).Mean, at(v, "groups", "majority").(dsl.Estimate).Mean
				if strict := far > near+1e-12; strict != (majority > 5 && d > 0) {
					t.Errorf("%d and %d users of whom %d and %d prefer the first: the minority is %g off, the majority %g", majority, minority, ayes, minor, far, near)
				}
			}
		}
	}
}

// TestVoteGapOfUnequalPairs by hand: pairs count alike, whatever their votes; users of a pair may have their own
// probabilities; who is unseen is apart.
func TestVoteGapOfUnequalPairs(t *testing.T) {
	votes := []vote{
		{pair: "a", user: "1", seen: true, first: true, p: 0.9},
		{pair: "b", user: "1", seen: true, first: true, p: 0.6},
		{pair: "b", user: "2", seen: true, first: true, p: 0.8},
		{pair: "b", user: "3", seen: true, first: false, p: 0.2},
		{pair: "b", user: "4", seen: false, first: false, p: 0.3},
	}
	v := voteGap(votes)
	// a: |0.9 - 1|; b: share 2/3, distances 2/30, 4/30, 14/30.
	wantEstimate(t, v, (0.1+20./90)/2, 2, "top")
	wantEstimate(t, v, 0.3, 1, "generic")
	wantEstimate(t, v, (0.1+0.4)/2, 2, "users", "1")
	wantEstimate(t, v, (0.25+0.2+0.2)/3, 3, "average")
	if groups := v["groups"].(map[string]dsl.Value); len(groups) != 0 {
		t.Errorf("groups where nobody has one: %v", groups)
	}
}

const votesSpec = `
synthetic "votes" {
  format      = "tldr"
  users       = 5
  votes       = 5
  prompts     = 12
  comparisons = 120
}

dataset "groups" {
  for_each   = [0.6, 0.8]
  format     = "tldr"
  source     = synthetic.votes
  split      = { seen_top = 4 }
  max_tokens = 290
  overlong   = "drop"

  simulate = {
    majority = { share = each.value, prefers = "longer", noise = 0.2 }
    minority = { share = 1 - each.value, prefers = "shorter" }
  }
}

model "tiny" {
  init = { texts = dataset.groups["0.6"].train, width = 16, heads = 2, vocabulary = 300, context = 400 }
}

train "dpo" {
  for_each   = dataset.groups
  base       = model.tiny
  data       = each.value.train
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "dpo", beta = 0.02 }
  steps      = 1
}

accuracy "votes" {
  for_each = train.dpo
  policy   = each.value
  data     = [dataset.groups[each.key].train, dataset.groups[each.key].test]
}

claim "far" {
  for_each = accuracy.votes
  that     = each.value.vote_gap.groups.minority.mean < 0.99 && each.value.vote_gap.top.n > 0
}

report "small" {
  title = "Votes"
  show  = accuracy.votes
}
`

// TestVoteGapOfRun takes the votes of a run apart anew, by texts instead of keys: which rows are of one pair, what was
// chosen, and what the scores say.
func TestVoteGapOfRun(t *testing.T) {
	t.Parallel()
	l := newLab(t, votesSpec)
	l.apply()
	st, w := l.store(), l.open(`dataset.groups["0.6"]`)
	type pair struct {
		first, n float64
		p        []float64
	}
	groups := map[string]map[string]*pair{"majority": {}, "minority": {}}
	for _, n := range l.plan(st).Nodes {
		a, _ := st.Get(n.Fingerprint)
		if n.ID != `score accuracy.votes["0.6"]` {
			continue
		}
		scores, err := arrowio.Read[arrowio.Score](a.Path(scoresFile))
		if err != nil {
			t.Fatal(err)
		}
		own := of(scores, arrowio.PassUser, func(arrowio.Score) bool { return true })
		if len(own) == 0 || len(own) >= len(w.tables[0].rows) {
			t.Fatalf("%d of %d rows are scored; some should be too long", len(own), len(w.tables[0].rows))
		}
		for _, s := range of(own, arrowio.PassUser, func(s arrowio.Score) bool { return s.Seen }) {
			c, err := w.comparison(rowRef{0, int(s.Row)})
			if err != nil {
				t.Fatal(err)
			}
			first := c.Chosen > c.Rejected
			key := c.Prompt + "|" + max(c.Chosen, c.Rejected) + "|" + min(c.Chosen, c.Rejected)
			of := groups[c.Group]
			if of[key] == nil {
				of[key] = &pair{}
			}
			p := 1 / (1 + math.Exp(s.RejectedReward-s.ChosenReward))
			if first {
				of[key].first++
			} else {
				p = 1 - p
			}
			of[key].n++
			of[key].p = append(of[key].p, p)
		}
	}
	result := l.result(`accuracy accuracy.votes["0.6"]`)
	for name, of := range groups {
		sum := 0.0
		for _, p := range of {
			for _, x := range p.p {
				sum += math.Abs(x-p.first/p.n) / p.n
			}
		}
		e := at(result, "vote_gap", "groups", name).(dsl.Estimate)
		if len(of) < 10 || math.Abs(e.Mean-sum/float64(len(of))) > 1e-9 || e.N != len(of) {
			t.Errorf("%s: %g (n = %d); expected %g over %d pairs", name, e.Mean, e.N, sum/float64(len(of)), len(of))
		}
	}
	report, err := os.ReadFile(filepath.Join(l.opts.Out, "small", "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"### Distance from the vote share", "Plotted: distance by accuracy.votes"} {
		if !strings.Contains(string(report), want) {
			t.Errorf("the report has no %q", want)
		}
	}
}

// result is what the node with this id found.
func (l *lab) result(id string) map[string]dsl.Value {
	l.t.Helper()
	st := l.store()
	for _, n := range l.plan(st).Nodes {
		if n.ID != id {
			continue
		}
		a, ok := st.Get(n.Fingerprint)
		if !ok {
			l.t.Fatalf("%s is not in the store", id)
		}
		v, err := readResult(a.Path(resultFile))
		if err != nil {
			l.t.Fatal(err)
		}
		return v
	}
	l.t.Fatalf("no node %s", id)
	return nil
}
