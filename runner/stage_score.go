// The score stage: how a policy ranks comparisons. Each row is scored for its own user (an unseen one is user 0), and, to
// see whether the user model is used at all, rows of seen users for a wrong user, for users dealt at random, and for
// user 0. A policy that takes no account of the user is scored once: the controls would be equal.
package runner

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/objective"
)

const (
	kindScore    = "score"
	scoreVersion = 1

	scoresFile = "scores.arrow"

	shuffleSeed = 0x70726c68 // of the users dealt at random; any fixed number
)

type scoreStage struct {
	rows   *dsl.Set
	policy *policy
	data   dataInputs
	device torch.Device
}

func (s *scoreStage) Describe(w io.Writer) {
	line(w, "version", scoreVersion)
	s.policy.describe(w)
	s.data.describe(w, "data", s.rows)
	describeDevice(w, s.device, s.policy.precision())
}

// personal tells whether the policy answers users differently.
func (p *policy) personal() bool {
	t := p.last()
	return t != nil && (userModelConfig(t.spec.UserModel).Personal() || p.explicit())
}

// objective is whose implicit reward ranks two responses; a bare model and sft have none of their own and are ranked by
// plain log-prob.
func (p *policy) objective() objective.Config {
	if t := p.last(); t != nil {
		return objectiveConfig(t.spec.Objective)
	}
	return objective.Config{Kind: "sft"}
}

// seen lists the users that the policy was trained on, or adapted to, in the order of their index.
func (p *policy) seen(e *Env) ([]arrowio.User, error) {
	if p.last() == nil {
		return nil, nil
	}
	if p.adapted != nil {
		return arrowio.Read[arrowio.User](e.Path(p.adapted, usersFile))
	}
	return arrowio.Read[arrowio.User](e.Path(p.chain[len(p.chain)-1], usersFile))
}

// pass is one way of choosing whose soft prompt and text a row gets.
type pass struct {
	name  string
	users []who // of each row
}

// nobody stands where a row is not in a pass.
var nobody = who{index: -1}

func (s *scoreStage) leaves() []leaf { return s.policy.leaves() }

func (s *scoreStage) Run(ctx context.Context, e *Env) error {
	world, err := s.data.open(e)
	if err != nil {
		return err
	}
	defer world.Close()
	rows, err := world.rows(s.rows)
	if err != nil {
		return err
	}
	rows, left := world.kept(rows)
	if left > 0 {
		e.Say("%d of %d rows are over the limits of length and are not scored", left, len(rows)+left)
	}
	seen, err := s.policy.seen(e)
	if err != nil {
		return err
	}
	special, err := s.policy.special(e)
	if err != nil {
		return err
	}
	if s.policy.explicit() {
		if err := world.readTexts(e, s.policy.origin.tokenizer); err != nil {
			return err
		}
	}
	passes := s.passes(world, rows, seen)
	sc := newScorer(world, special.end)
	for _, p := range passes {
		for i, r := range rows {
			for side := 0; side < 2 && p.users[i] != nobody; side++ {
				if err := sc.ask(asked{responseRef{r, side}, p.users[i]}); err != nil {
					return err
				}
			}
		}
	}
	in := torch.Inputs{Policy: s.policy.files(e), Device: s.device, Precision: s.policy.precision(), BOS: special.bos}
	if err := sc.run(ctx, e, in); err != nil {
		return err
	}
	return s.write(e, world, rows, indexOf(seen), passes, sc)
}

// passes lists what is to be scored. Users of a policy without a user model are all user 0; where the policy reads users'
// texts, unseen users have theirs too.
func (s *scoreStage) passes(w *world, rows []rowRef, seen []arrowio.User) []pass {
	index := indexOf(seen)
	own := make([]who, len(rows))
	if !s.policy.personal() {
		return []pass{{arrowio.PassUser, own}}
	}
	for i, r := range rows {
		own[i] = s.policy.who(index, w.user(r))
	}
	other := another(seen)
	swapped, generic := make([]who, len(rows)), make([]who, len(rows))
	for i, r := range rows {
		swapped[i], generic[i] = nobody, nobody
		u := index[w.user(r)]
		if u == 0 {
			continue
		}
		if o := other[u-1]; o > 0 {
			swapped[i] = s.policy.who(index, seen[o-1].ID)
		}
		generic[i] = who{}
		if s.policy.last().spec.Objective.GenericKeepsText {
			generic[i].text = own[i].text
		}
	}
	return []pass{{arrowio.PassUser, own}, {arrowio.PassSwapped, swapped}, {arrowio.PassShuffled, dealt(own)}, {arrowio.PassGeneric, generic}}
}

// who is what the policy is told of a user: their index where it knows them, and their text where it reads texts.
func (p *policy) who(index map[string]int32, user string) who {
	w := who{index: index[user]}
	if p.explicit() {
		w.text = user
	}
	return w
}

// another names, for each seen user, a wrong one: the next of another group where there is one, else the next. A single
// user has no other: -1.
func another(seen []arrowio.User) []int32 {
	out := make([]int32, len(seen))
	for i, u := range seen {
		out[i] = -1
		for k := 1; k < len(seen); k++ {
			j := (i + k) % len(seen)
			if seen[j].Erased() {
				continue
			}
			if out[i] < 0 {
				out[i] = int32(j) + 1
			}
			if u.Group != "" && seen[j].Group != u.Group {
				out[i] = int32(j) + 1
				break
			}
		}
	}
	return out
}

// dealt deals the users of seen rows to these rows at random.
func dealt(own []who) []who {
	out := make([]who, len(own))
	var rows []int
	for i, u := range own {
		out[i] = nobody
		if u.index > 0 {
			rows = append(rows, i)
		}
	}
	for k, at := range rand.New(rand.NewPCG(shuffleSeed, 0)).Perm(len(rows)) {
		out[rows[k]] = own[rows[at]]
	}
	return out
}

func (s *scoreStage) write(e *Env, w *world, rows []rowRef, index map[string]int32, passes []pass, sc *scorer) error {
	out, err := arrowio.Create[arrowio.Score](e.File(scoresFile))
	if err != nil {
		return err
	}
	defer out.Close()
	for _, p := range passes {
		for i, r := range rows {
			if p.users[i] == nobody {
				continue
			}
			row, err := s.score(w, r, p.users[i], sc)
			if err != nil {
				return err
			}
			row.Pass, row.Seen = p.name, index[row.User] > 0
			if err := out.Append(row); err != nil {
				return err
			}
		}
	}
	return out.Close()
}

// score joins a row's log-probs with those of the reference to the objective's own reward (design.md section 2).
func (s *scoreStage) score(w *world, r rowRef, user who, sc *scorer) (arrowio.Score, error) {
	o := s.policy.objective()
	u := w.userOf(r)
	out := arrowio.Score{Row: int64(r.row), User: u.ID, Group: u.Group, RefChosenLogps: math.NaN(), RefRejectedLogps: math.NaN()}
	chosen, err := sc.answer(asked{responseRef{r, 0}, user})
	if err != nil {
		return out, err
	}
	rejected, err := sc.answer(asked{responseRef{r, 1}, user})
	if err != nil {
		return out, err
	}
	out.ChosenLogps, out.RejectedLogps = chosen.logp, rejected.logp
	pair := objective.Pair{Chosen: chosen.logp, Rejected: rejected.logp, ChosenTokens: int(chosen.tokens), RejectedTokens: int(rejected.tokens)}
	if o.NeedsReference() {
		if out.RefChosenLogps, out.RefRejectedLogps, err = w.ref(r); err != nil {
			return out, err
		}
		pair.RefChosen, pair.RefRejected = out.RefChosenLogps, out.RefRejectedLogps
	}
	out.ChosenReward, out.RejectedReward = o.Rewards(pair)
	out.Margin = out.ChosenReward - out.RejectedReward
	if math.IsNaN(out.Margin) {
		return out, fmt.Errorf("row %d has no finite margin", r.row)
	}
	return out, nil
}
