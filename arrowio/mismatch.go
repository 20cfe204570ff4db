package arrowio

// Mismatch is a row of mismatch.arrow, which has one for each row of tokens.arrow: the response of another row that kto
// puts behind this row's prompt, to estimate z0.
type Mismatch struct {
	Row    int64 `arrow:"row"`    // of comparisons.arrow
	Other  int64 `arrow:"other"`  // of tokens.arrow: whose response it is
	Side   int32 `arrow:"side"`   // 0: its chosen response, 1: its rejected one
	Tokens int32 `arrow:"tokens"` // how many of it are kept, without the end token
}

// MismatchLogp is a row of the logps.arrow beside it: the log-prob of that response, summed over its tokens and its end
// token, of one model without user parameters.
type MismatchLogp struct {
	Row    int64   `arrow:"row"` // of comparisons.arrow
	Logp   float64 `arrow:"logps"`
	Tokens int32   `arrow:"tokens"` // number of summands
}
