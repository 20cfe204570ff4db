package arrowio

// Verdict is a row of verdicts.arrow: what a judge said of one candidate response against one baseline response, in one
// order.
type Verdict struct {
	Item      int64  `arrow:"item"` // pairs are numbered from 0; both orders of a pair have its number
	User      string `arrow:"user"`
	Group     string `arrow:"group"`
	Seen      bool   `arrow:"seen"` // by the data set's split
	Prompt    string `arrow:"prompt"`
	Candidate string `arrow:"candidate"`
	Baseline  string `arrow:"baseline"`
	Turned    bool   `arrow:"turned"` // the candidate was shown second
	Winner    string `arrow:"winner"` // first second tie unscored, in the order shown
	Raw       string `arrow:"raw"`
	Problem   string `arrow:"problem"`
	TokensIn  int64  `arrow:"tokens_in"`
	TokensOut int64  `arrow:"tokens_out"`
}
