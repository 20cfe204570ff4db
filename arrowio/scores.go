package arrowio

// Score is a row of scores.arrow: how a policy ranks one comparison under one pass. Rewards are the objective's own.
type Score struct {
	Row              int64   `arrow:"row"` // of comparisons.arrow
	User             string  `arrow:"user"`
	Group            string  `arrow:"group"`
	Seen             bool    `arrow:"seen"` // by the policy
	Pass             string  `arrow:"pass"` // user, swapped, shuffled, generic
	ChosenLogps      float64 `arrow:"chosen_logps"`
	RejectedLogps    float64 `arrow:"rejected_logps"`
	RefChosenLogps   float64 `arrow:"ref_chosen_logps"` // NaN where the objective has no reference
	RefRejectedLogps float64 `arrow:"ref_rejected_logps"`
	ChosenReward     float64 `arrow:"chosen_reward"`
	RejectedReward   float64 `arrow:"rejected_reward"`
	Margin           float64 `arrow:"margin"` // chosen minus rejected reward
}

// Passes of a score: the comparison's own user, then the controls.
const (
	PassUser     = "user"
	PassSwapped  = "swapped"
	PassShuffled = "shuffled"
	PassGeneric  = "generic"
)
