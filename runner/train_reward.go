// What a train block with rloo, grpo or ppo needs: prompts, each for somebody, and the reward model that rates the texts.
package runner

import (
	"fmt"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
)

// rewardOf is the reward model that a train block maximises, of its first seed; nil where it maximises none. ok is false
// when there should be one and a diagnostic says why there is not.
func (c *compiler) rewardOf(t *dsl.Train, base *policy) (reward *policy, ok bool) {
	rl := t.Objective.RL
	if rl == nil {
		return nil, true
	}
	reward = c.start(&t.Block, "objective.reward", rl.Reward)
	if reward == nil {
		return nil, false
	}
	if reward.origin.tokenizer.key() != base.origin.tokenizer.key() || !reward.origin.how.same(base.origin.how) {
		c.fail(&t.Block, "objective.reward", "Another tokenizer", "%s has the tokenizer of %s, %s that of %s; the texts that are rated in the loop are ids of one tokenizer.",
			rl.Reward.Addr, reward.origin.spec.Addr, t.Addr, base.origin.spec.Addr)
		return nil, false
	}
	return reward, true
}

// promptItems are the prompts of policy optimisation: of rows each prompt once for its own user, of prompts each for the
// generic user.
func (s *trainStage) promptItems(w *world) ([]item, []arrowio.User, error) {
	var rows []rowRef
	var err error
	personal := s.spec.Data.Kind == dsl.RowSet
	if personal {
		rows, err = w.rows(s.spec.Data)
		rows = distinct(rows, func(r rowRef) textKey { return keyOf(w.promptKey(r), w.user(r)) })
	} else {
		rows, err = w.prompts(s.spec.Data)
	}
	if err != nil {
		return nil, nil, err
	}
	rows, left := w.kept(rows)
	if len(rows) == 0 {
		return nil, nil, fmt.Errorf("%s has nothing to train on: %d prompts, of which %d are too long", s.spec.Addr, left, left)
	}
	var users []arrowio.User
	if personal {
		users = w.seen(rows)
	}
	index := indexOf(users)
	items := make([]item, len(rows))
	for i, r := range rows {
		items[i] = item{r, noSide, index[w.user(r)]}
	}
	return items, users, nil
}

// raters say as whom the reward model sees the user of a row.
type raters struct {
	policy  *policy
	index   map[string]int32
	generic bool // prompts are nobody's
}

func (x *raters) of(w *world, r rowRef) torch.RaterUser {
	if !x.policy.personal() {
		return torch.RaterUser{}
	}
	who := x.policy.who(x.index, w.user(r))
	return torch.RaterUser{User: who.index, UserText: w.userTexts[who.text]}
}

// optimise adds to a job what policy optimisation needs; nil where the objective is another.
func (s *trainStage) optimise(e *Env, job *torch.TrainJob, special specialIDs) (*raters, error) {
	rl := s.spec.Objective.RL
	if rl == nil {
		return nil, nil
	}
	seen, err := s.reward.seen(e)
	if err != nil {
		return nil, err
	}
	job.RL = &torch.RL{Reward: s.reward.files(e), EOS: special.ends, Samples: rl.Samples, Sampling: samplingConfig(rl.Sampling),
		Clip: rl.Clip, Passes: rl.Passes, KLTarget: rl.KLTarget}
	return &raters{policy: s.reward, index: indexOf(seen), generic: s.spec.Data.Kind != dsl.RowSet}, nil
}
