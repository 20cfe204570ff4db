package arrowio

// Response is a row of responses.arrow: a text that a policy wrote for a prompt and a user.
type Response struct {
	Prompt     int64  `arrow:"prompt"` // index of the prompt in the set that was asked
	User       string `arrow:"user"`   // id; "" is the generic user
	Sample     int32  `arrow:"sample"`
	PromptText string `arrow:"prompt_text"`
	Text       string `arrow:"text"`
	Words      int32  `arrow:"words"`
	Tokens     int32  `arrow:"tokens"`
	Finished   bool   `arrow:"finished"` // with an end token or stop text, not by the limit
}
