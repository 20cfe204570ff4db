package arrowio

// Logps is a row of logps.arrow: log-probs (natural) of one model without user parameters, summed over the tokens of a
// response and its end token. The response that an unpaired row has not is NaN, over 0 tokens.
type Logps struct {
	Row            int64   `arrow:"row"` // of comparisons.arrow
	ChosenLogps    float64 `arrow:"chosen_logps"`
	RejectedLogps  float64 `arrow:"rejected_logps"`
	ChosenTokens   int32   `arrow:"chosen_tokens"` // number of summands
	RejectedTokens int32   `arrow:"rejected_tokens"`
}
