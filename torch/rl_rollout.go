package torch

import (
	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/objective"
)

// rollout is a batch of texts with what the loss needs of them. Indices are [prompt][sample].
type rollout struct {
	examples []Example // the prompts; their responses are the texts, end token included where one came
	list     []unit    // whose pass wrote them
	micros   []micro   // the texts packed, as they are trained on
	texts    [][]objective.Text
	scores   [][]float64 // r(x, y, u)
	tokens   int64       // that went through the networks
}

// eachResponse calls visit for every response of a micro-batch: the jth of example i, and where its tokens are.
func (m *micro) eachResponse(examples []Example, visit func(i, j int, span lm.Span)) {
	for _, u := range m.units {
		for j := range examples[u.example].Responses {
			visit(u.example, j, m.batch.Responses[u.at[j]])
		}
	}
}

// weigh fills in the advantages of all texts. ppo: state learns the scores first, so that they are whitened by all that is
// known of their rater.
func (r *rollout) weigh(o objective.Config, state *rlState) {
	if o.Kind == "ppo" {
		for i, e := range r.examples {
			for _, s := range r.scores[i] {
				state.Scores[e.Rater.User] = state.Scores[e.Rater.User].With(s)
			}
		}
	}
	for i, e := range r.examples {
		o.Advantages(r.texts[i], r.scores[i], state.Scores[e.Rater.User])
	}
}

// count is how many texts there are, and tokens in them.
func (r *rollout) count() (texts, tokens int) {
	for _, of := range r.texts {
		texts += len(of)
		for _, t := range of {
			tokens += len(t.Old)
		}
	}
	return texts, tokens
}

// curves are the numbers of the texts as they were written: reward, the mean score; kl, the mean over texts of
// log(pi/ref), in nats; length, the mean number of tokens, end token included; entropy, the mean over tokens of -log pi, in
// nats. KL and entropy are those of the texts drawn, estimates without bias, not sums over the vocabulary.
func (r *rollout) curves() (reward, kl, entropy, length float64) {
	for i, of := range r.texts {
		for j, t := range of {
			reward += r.scores[i][j]
			kl += t.KL()
			for _, lp := range t.Old {
				entropy -= lp
			}
		}
	}
	texts, tokens := r.count()
	n := float64(texts)
	return reward / n, kl / n, entropy / float64(tokens), float64(tokens) / n
}

// rolloutLoss turns the log-probs of one pass over the texts into its loss, and into the gradient that each token gets. The
// loss is a mean over the step's texts; of ppo, over their tokens.
type rolloutLoss struct {
	rollout         *rollout
	objective       objective.Config
	clip, scale     float64
	loss            float64
	ratios, clipped int
}

func newRolloutLoss(r *rollout, o objective.Config, clip float64) *rolloutLoss {
	texts, tokens := r.count()
	l := &rolloutLoss{rollout: r, objective: o, clip: clip, scale: 1 / float64(texts)}
	if o.Kind == "ppo" {
		l.scale = 1 / float64(tokens)
	}
	return l
}

// add takes a micro-batch's token log-probs [R], behind which ppo has the values [R], and returns d(loss)/d(each).
func (l *rolloutLoss) add(m *micro, numbers []float64) []float32 {
	grads := make([]float32, len(numbers))
	r := len(m.batch.Targets)
	values := numbers[r:]
	m.eachResponse(l.rollout.examples, func(i, j int, at lm.Span) {
		var of []float64
		if len(values) > 0 {
			of = values[at.Start : at.Start+at.Len]
		}
		text := l.objective.OfText(l.rollout.texts[i][j], numbers[at.Start:at.Start+at.Len], of, l.clip)
		l.loss += l.scale * text.Loss
		l.ratios, l.clipped = l.ratios+text.Ratios, l.clipped+text.Clipped
		for k, d := range text.DLogps {
			grads[at.Start+k] += float32(l.scale * d)
		}
		for k, d := range text.DValues {
			grads[r+at.Start+k] += float32(l.scale * d)
		}
	})
	return grads
}
