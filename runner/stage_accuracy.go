// The accuracy stage: scores as the shares that tables and claims read (design.md section 2). A tie counts as wrong and
// has a share of its own.
package runner

import (
	"context"
	"io"
	"slices"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
)

const (
	kindAccuracy    = "accuracy"
	accuracyVersion = 3
)

type accuracyStage struct {
	scores []*Node      // one per seed
	data   []dataInputs // of each, for the lengths of texts and for which of them are the same
}

func (s *accuracyStage) Describe(w io.Writer) {
	line(w, "version", accuracyVersion)
	line(w, "seeds", len(s.scores))
}

func (s *accuracyStage) Run(_ context.Context, e *Env) error {
	var runs []dsl.Value
	for i, node := range s.scores {
		scores, err := arrowio.Read[arrowio.Score](e.Path(node, scoresFile))
		if err != nil {
			return err
		}
		value, err := s.value(e, i, scores)
		if err != nil {
			return err
		}
		runs = append(runs, value)
	}
	return writeRuns(e, runs)
}

// value is that of one seed.
func (s *accuracyStage) value(e *Env, i int, scores []arrowio.Score) (dsl.Value, error) {
	world, err := s.data[i].open(e)
	if err != nil {
		return nil, err
	}
	defer world.Close()
	rows, err := world.rows(s.scores[i].Stage.(*scoreStage).rows)
	if err != nil {
		return nil, err
	}
	longer, err := world.longerWins(rows)
	if err != nil {
		return nil, err
	}
	kept, _ := world.kept(rows)
	votes, err := world.votes(kept, of(scores, arrowio.PassUser, func(arrowio.Score) bool { return true }))
	if err != nil {
		return nil, err
	}
	value := accuracyValue(scores, longer)
	value["vote_gap"] = voteGap(votes)
	value["notes"].(map[string]dsl.Value)["pairs"] = float64(pairs(votes))
	return value, nil
}

// longerWins is the share of comparisons in which the chosen text is the longer one, in characters: what a policy would
// get that knows nothing but length.
func (w *world) longerWins(rows []rowRef) (float64, error) {
	right := 0
	for _, r := range rows {
		c, err := w.comparison(r)
		if err != nil {
			return 0, err
		}
		if len([]rune(c.Chosen)) > len([]rune(c.Rejected)) {
			right++
		}
	}
	return float64(right) / float64(max(len(rows), 1)), nil
}

// accuracyValue is the value of accuracy.X.
func accuracyValue(scores []arrowio.Score, longer float64) map[string]dsl.Value {
	seen := func(s arrowio.Score) bool { return s.Seen }
	unseen := func(s arrowio.Score) bool { return !s.Seen }
	own := of(scores, arrowio.PassUser, func(arrowio.Score) bool { return true })
	control := func(name string) dsl.Value {
		controls := of(scores, name, seen)
		if len(controls) == 0 && !slices.ContainsFunc(scores, func(s arrowio.Score) bool { return s.Pass != arrowio.PassUser }) {
			controls = of(scores, arrowio.PassUser, seen) // one text for everybody: whoever is asked for
		}
		return pooled(controls)
	}
	groups, users := map[string]dsl.Value{}, map[string]dsl.Value{}
	ties := 0
	for _, s := range own {
		if s.Margin == 0 {
			ties++
		}
		if _, done := users[s.User]; !done {
			users[s.User] = pooled(of(own, arrowio.PassUser, func(o arrowio.Score) bool { return o.User == s.User }))
		}
		if _, done := groups[s.Group]; !done && s.Group != "" {
			groups[s.Group] = overUsers(of(own, arrowio.PassUser, func(o arrowio.Score) bool { return o.Seen && o.Group == s.Group }))
		}
	}
	return map[string]dsl.Value{
		"top":     pooled(of(own, arrowio.PassUser, seen)),
		"generic": pooled(of(own, arrowio.PassUser, unseen)),
		"average": overUsers(of(own, arrowio.PassUser, seen)),
		"groups":  groups, "users": users,
		"control":     map[string]dsl.Value{"swapped": control(arrowio.PassSwapped), "shuffled": control(arrowio.PassShuffled), "generic": control(arrowio.PassGeneric)},
		"ties":        float64(ties) / float64(max(len(own), 1)),
		"longer_wins": longer,
		"notes":       map[string]dsl.Value{"comparisons": float64(len(own))},
	}
}

func of(scores []arrowio.Score, pass string, wanted func(arrowio.Score) bool) []arrowio.Score {
	var out []arrowio.Score
	for _, s := range scores {
		if s.Pass == pass && wanted(s) {
			out = append(out, s)
		}
	}
	return out
}

// right is 1 where the chosen response has the higher reward; a tie is wrong.
func right(s arrowio.Score) float64 {
	if s.Margin > 0 {
		return 1
	}
	return 0
}

// pooled is over comparisons, its interval over users.
func pooled(scores []arrowio.Score) dsl.Value {
	items, users := make([]float64, len(scores)), make([]string, len(scores))
	for i, s := range scores {
		items[i], users[i] = right(s), s.User
	}
	return dsl.Estimate(judges.OfItems(items, users))
}

// overUsers is the mean of the users' own accuracies.
func overUsers(scores []arrowio.Score) dsl.Value {
	_, values := perUser(scores, func(s arrowio.Score) (string, float64) { return s.User, right(s) })
	return dsl.Estimate(judges.OverUsers(values))
}

// perUser is the mean of each user's values, users in order of first appearance.
func perUser[T any](items []T, of func(T) (string, float64)) (users []string, means []float64) {
	at := map[string]int{}
	var counts []float64
	for _, item := range items {
		user, value := of(item)
		k, known := at[user]
		if !known {
			k = len(users)
			at[user] = k
			users, means, counts = append(users, user), append(means, 0), append(counts, 0)
		}
		means[k] += value
		counts[k]++
	}
	for k := range means {
		means[k] /= counts[k]
	}
	return users, means
}
