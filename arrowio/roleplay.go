package arrowio

// PlayTurn is a row of roleplay.arrow: a turn of a conversation, and what its user said about the whole, for judges who play
// the user. It has turns of both sides of the split, and turns later than the one that is judged: no stage that tokenizes,
// trains or scores reads it.
type PlayTurn struct {
	User         string `arrow:"user"`
	Conversation string `arrow:"conversation"`
	Turn         int32  `arrow:"turn"`
	Utterance    string `arrow:"utterance"` // what the user wrote
	Chosen       string `arrow:"chosen"`    // "" where no reply was chosen
	Rejected     string `arrow:"rejected"`  // "" where there is none
	Feedback     string `arrow:"feedback"`  // on the conversation, the same in each of its turns
}
