// The accuracy stage: scores as the shares that tables and claims read (design.md section 2). A tie counts as wrong and
// has a share of its own.
package runner

import (
	"context"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
)

const (
	kindAccuracy    = "accuracy"
	accuracyVersion = 4
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
	kept, _ := world.kept(rows)
	texts, err := world.compared(kept)
	if err != nil {
		return nil, err
	}
	votes, err := world.votes(kept, of(scores, arrowio.PassUser, func(arrowio.Score) bool { return true }))
	if err != nil {
		return nil, err
	}
	value := accuracyValue(scores, texts)
	value["vote_gap"] = voteGap(votes)
	value["notes"].(map[string]dsl.Value)["pairs"] = float64(pairs(votes))
	return value, nil
}

// compared is what accuracies need of a comparison beside its score.
type compared struct {
	prompt textKey
	longer float64 // the length of the chosen text minus that of the rejected one, in characters
}

func (w *world) compared(rows []rowRef) ([]compared, error) {
	out := make([]compared, len(rows))
	for i, r := range rows {
		c, err := w.comparison(r)
		if err != nil {
			return nil, err
		}
		out[i] = compared{w.promptKey(r), float64(utf8.RuneCountInString(c.Chosen) - utf8.RuneCountInString(c.Rejected))}
	}
	return out, nil
}

// accuracyValue is the value of accuracy.X; texts are those of the scores of the comparisons' own users, in their order.
// `longer` has the same shares of a policy that knows nothing but length, on the same comparisons.
func accuracyValue(scores []arrowio.Score, texts []compared) map[string]dsl.Value {
	seen := func(s arrowio.Score) bool { return s.Seen }
	all := func(arrowio.Score) bool { return true }
	own := of(scores, arrowio.PassUser, all)
	control := func(name string) dsl.Value {
		controls := of(scores, name, seen)
		if len(controls) == 0 && !slices.ContainsFunc(scores, func(s arrowio.Score) bool { return s.Pass != arrowio.PassUser }) {
			controls = of(scores, arrowio.PassUser, seen) // one text for everybody: whoever is asked for
		}
		return pooled(controls)
	}
	longer := slices.Clone(own)
	prompts := make([]string, len(own))
	for i, t := range texts {
		longer[i].Margin, prompts[i] = t.longer, t.prompt
	}
	value, byLength := shares(own, prompts), shares(longer, prompts)
	ties, follow := value["ties"].(dsl.Estimate), make([]float64, len(own))
	for i, s := range longer {
		follow[i] = right(s)
	}
	value["ties"], value["longer"], value["longer_wins"] = meanOrZero(ties), byLength, meanOrZero(howOften(follow, prompts))
	value["control"] = map[string]dsl.Value{"swapped": control(arrowio.PassSwapped), "shuffled": control(arrowio.PassShuffled), "generic": control(arrowio.PassGeneric)}
	value["notes"] = map[string]dsl.Value{"comparisons": float64(len(own)), "ties": ties}
	return value
}

// shares are the aggregates over comparisons, each asked as its own user.
func shares(own []arrowio.Score, prompts []string) map[string]dsl.Value {
	groups := map[string]dsl.Value{}
	where := func(wanted func(arrowio.Score) bool) []arrowio.Score { return of(own, arrowio.PassUser, wanted) }
	ties := make([]float64, len(own))
	for i, s := range own {
		ties[i] = indicator(s.Margin == 0)
		if _, done := groups[s.Group]; !done && s.Group != "" {
			groups[s.Group] = overUsers(where(func(o arrowio.Score) bool { return o.Seen && o.Group == s.Group }))
		}
	}
	seen := where(func(s arrowio.Score) bool { return s.Seen })
	return map[string]dsl.Value{
		"top":     pooled(seen),
		"generic": pooled(where(func(s arrowio.Score) bool { return !s.Seen })),
		"average": overUsers(seen),
		"groups":  groups, "users": rightByUser(own, prompts),
		"ties": howOften(ties, prompts),
	}
}

// rightByUser are over each user's comparisons, with Wilson's interval, clustered by prompt.
func rightByUser(own []arrowio.Score, prompts []string) map[string]dsl.Value {
	items, clusters := map[string][]float64{}, map[string][]string{}
	for i, s := range own {
		items[s.User], clusters[s.User] = append(items[s.User], right(s)), append(clusters[s.User], prompts[i])
	}
	users := map[string]dsl.Value{}
	for id := range items {
		users[id] = dsl.Estimate(judges.Proportion(items[id], clusters[id]))
	}
	return users
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
func right(s arrowio.Score) float64 { return indicator(s.Margin > 0) }

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
