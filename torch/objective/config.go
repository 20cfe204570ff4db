// Package objective holds preference losses on log-prob vectors, as in design.md section 2. A loss sees log-probs and
// constants only: no model, no user, no device.
//
// Read pair.go for what goes in and comes out; reference.go, free.go and further.go for the losses.
package objective

import (
	"fmt"
	"slices"
	"strings"
)

// Config is one loss with its constants.
type Config struct {
	Kind           string  // one of Kinds
	Alpha          float64 // weight of the user's loss; 1 - Alpha is the generic user's
	Beta           float64
	LabelSmoothing float64 // dpo: assumed share of flipped labels (conservative DPO; with Robust: rDPO)
	Robust         bool
	Normalize      string  // ipo: sum length
	Gamma          float64 // simpo: margin
	Lambda         float64 // cpo: weight of the NLL; orpo: weight of the odds ratio

	LambdaChosen, LambdaRejected float64 // kto: weights of desirable and undesirable responses

	GroupStep float64 // step size with which groups of higher loss gain weight; 0: every row weighs the same
}

// Kinds are the losses that a spec can name.
var Kinds = []string{"sft", "dpo", "ipo", "hinge", "simpo", "cpo", "orpo", "kto", "reward", "rloo", "grpo", "ppo"}

// NeedsReference tells whether the loss or the implicit reward uses reference log-probs. Those of the texts that a policy
// writes in training are computed there; only comparisons that it is judged on need stored ones.
func (c Config) NeedsReference() bool {
	return c.Kind == "dpo" || c.Kind == "ipo" || c.Kind == "hinge" || c.Kind == "kto" || c.IsRL()
}

// Responses is the number of responses an example has: 1 for sft, 2 for losses on pairs (kto takes either), none where the
// policy writes them.
func (c Config) Responses() int {
	switch {
	case c.Kind == "sft":
		return 1
	case c.IsRL():
		return 0
	}
	return 2
}

// Check returns the first constant that is out of range.
func (c Config) Check() error {
	switch {
	case !slices.Contains(Kinds, c.Kind):
		return fmt.Errorf("objective %q is not offered; there are %s", c.Kind, strings.Join(Kinds, ", "))
	case !(c.Alpha >= 0 && c.Alpha <= 1): // so written, NaN is out of range too
		return fmt.Errorf("alpha is %g; it is a share from 0 to 1", c.Alpha)
	case c.needsBeta() && !(c.Beta > 0):
		return fmt.Errorf("beta is %g; it must be above 0", c.Beta)
	case !(c.LabelSmoothing >= 0 && c.LabelSmoothing < 0.5):
		return fmt.Errorf("label_smoothing is %g; it is a share from 0 to below 0.5", c.LabelSmoothing)
	case c.Kind == "ipo" && c.Normalize != "sum" && c.Normalize != "length":
		return fmt.Errorf("normalize is %q; it may be sum or length", c.Normalize)
	case !(c.Lambda >= 0):
		return fmt.Errorf("lambda is %g; it must be 0 or more", c.Lambda)
	case !(c.GroupStep >= 0):
		return fmt.Errorf("the step of the groups' weights is %g; it must be 0 or more", c.GroupStep)
	case c.Kind == "kto" && !(c.LambdaChosen >= 0 && c.LambdaRejected >= 0 && c.LambdaChosen+c.LambdaRejected > 0):
		return fmt.Errorf("lambda_chosen is %g and lambda_rejected %g; they must be 0 or more, and not both 0", c.LambdaChosen, c.LambdaRejected)
	}
	return nil
}

func (c Config) needsBeta() bool { return c.Kind != "sft" && c.Kind != "orpo" && c.Kind != "reward" }
