package arrowio

// Tokens is a row of tokens.arrow: a comparison as the ids of one model's tokenizer, cut to the data set's limits. No
// BOS and no end token are in it; who packs a batch adds one of each. Of an unpaired row one response is empty, and gets no
// end token either.
type Tokens struct {
	Row      int64   `arrow:"row"` // of comparisons.arrow
	User     string  `arrow:"user"`
	Prompt   []int32 `arrow:"prompt"`
	Chosen   []int32 `arrow:"chosen"`
	Rejected []int32 `arrow:"rejected"`
	UserText []int32 `arrow:"user_text"`
	Fate     string  `arrow:"fate"` // kept, prompt_cut, answer_cut
}

// Fates of a row under the limits of length; dropped rows are not in the table.
const (
	Kept      = "kept"
	PromptCut = "prompt_cut"
	AnswerCut = "answer_cut"
)
