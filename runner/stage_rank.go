// The rank stage: texts scored by a reward model for the user who gets them, and of every `best_of` texts the best one
// kept (Appendix F.2 of the paper, best-of-N). Texts of a policy that takes no account of the user were drawn once per
// prompt; here they are ranked for each user.
//
// A text is scored as in training: the reward model's ids of prompt and text, cut to the data set's limits, with one end
// token. Of two texts with the same reward the first drawn is kept.
package runner

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
)

const (
	kindRank    = "rank"
	rankVersion = 2

	rewardsFile = "rewards.arrow"
)

type rankStage struct {
	spec   *dsl.Generate
	texts  *Node   // generate, with all that were drawn
	reward *policy // ranks them
	data   dataInputs
	limits *dsl.Dataset // of the prompts that the reward model reads
	device torch.Device
}

// rewarded is a row of rewards.arrow: the reward of the text in the same row of responses.arrow.
type rewarded struct {
	Reward float64 `arrow:"reward"`
	Drawn  int32   `arrow:"drawn"` // which of the texts that were drawn was kept
}

func (s *rankStage) Describe(w io.Writer) {
	line(w, "version", rankVersion)
	s.reward.describe(w)
	s.reward.origin.how.describe(w)
	line(w, "best_of", s.spec.BestOf)
	for i, d := range s.data.sets() {
		line(w, fmt.Sprintf("prompts of data %d", i+1), promptLimitsText(d))
	}
	describeDevice(w, s.device, s.reward.precision())
}

func (s *rankStage) leaves() []leaf { return s.reward.leaves() }

func (s *rankStage) Run(ctx context.Context, e *Env) error {
	drawn, err := arrowio.Read[arrowio.Response](e.Path(s.texts, responsesFile))
	if err != nil {
		return err
	}
	users, err := arrowio.Read[arrowio.User](e.Path(s.texts, usersFile))
	if err != nil {
		return err
	}
	r, err := newRater(e, s.reward, s.data, s.limits)
	if err != nil {
		return err
	}
	for _, d := range drawn {
		if err := r.ask(d); err != nil {
			return err
		}
	}
	special, err := s.reward.special(e)
	if err != nil {
		return err
	}
	r.end = special.end
	in := torch.Inputs{Policy: s.reward.files(e), Device: s.device, Precision: s.reward.precision(), BOS: special.bos}
	if err := r.run(ctx, e, in); err != nil {
		return err
	}
	if err := s.keep(e, drawn, r); err != nil {
		return err
	}
	return arrowio.Write(e.File(usersFile), users)
}

// keep writes the best of every best_of texts, which lie one behind the other.
func (s *rankStage) keep(e *Env, drawn []arrowio.Response, r *rater) error {
	var kept []arrowio.Response
	var rewards []rewarded
	for from := 0; from < len(drawn); from += s.spec.BestOf {
		best, reward := from, math.Inf(-1)
		for i := from; i < from+s.spec.BestOf; i++ {
			if v := r.answer(drawn[i]); v > reward {
				best, reward = i, v
			}
		}
		text := drawn[best]
		text.Sample /= int32(s.spec.BestOf)
		kept = append(kept, text)
		rewards = append(rewards, rewarded{reward, int32(best - from)})
	}
	if err := arrowio.Write(e.File(responsesFile), kept); err != nil {
		return err
	}
	return arrowio.Write(e.File(rewardsFile), rewards)
}
