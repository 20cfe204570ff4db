// Package objective holds preference losses on log-prob vectors, as in design.md section 2. A loss sees log-probs and
// constants only: no model, no user, no device.
package objective

import (
	"fmt"
	"math"
)

// Config is one loss with its constants.
type Config struct {
	Kind           string  // sft dpo
	Alpha          float64 // weight of the user's loss; 1 - Alpha is the generic user's
	Beta           float64
	LabelSmoothing float64 // dpo: assumed share of flipped labels (conservative DPO; with Robust: rDPO)
	Robust         bool
}

// NeedsReference tells whether the loss uses reference log-probs.
func (c Config) NeedsReference() bool { return c.Kind == "dpo" }

// Responses is the number of responses an example has: 1 for sft, 2 for losses on pairs.
func (c Config) Responses() int {
	if c.Kind == "sft" {
		return 1
	}
	return 2
}

// Check returns the first constant that is out of range.
func (c Config) Check() error {
	switch {
	case c.Kind != "sft" && c.Kind != "dpo":
		return fmt.Errorf("objective %q is not offered; there are sft and dpo", c.Kind)
	case !(c.Alpha >= 0 && c.Alpha <= 1):
		return fmt.Errorf("alpha is %g; it is a share from 0 to 1", c.Alpha)
	case c.Kind == "dpo" && !(c.Beta > 0 && c.Beta < math.MaxFloat64):
		return fmt.Errorf("beta is %g; it must be above 0", c.Beta)
	case !(c.LabelSmoothing >= 0 && c.LabelSmoothing < 0.5):
		return fmt.Errorf("label_smoothing is %g; it is a share from 0 to below 0.5", c.LabelSmoothing)
	}
	return nil
}
