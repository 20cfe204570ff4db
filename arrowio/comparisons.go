package arrowio

// Comparison is a row of comparisons.arrow: a user chose one response over another. The table has every usable row of a
// data set, in the order read, the recorded choice replaced where the spec simulates it. A row of unpaired data has one
// response, as Chosen where its user liked it and as Rejected where not; the other is "".
type Comparison struct {
	Row      int64  `arrow:"row"`   // 0, 1, 2 ... in the order of the table
	Split    string `arrow:"split"` // train, test
	User     string `arrow:"user"`  // their id in the data, as text
	Group    string `arrow:"group"` // "" where there are no groups
	UserText string `arrow:"user_text"`
	Prompt   string `arrow:"prompt"` // where it is a conversation (Turns), a rendering for people, which identifies it
	Chosen   string `arrow:"chosen"`
	Rejected string `arrow:"rejected"`
	Cluster  string `arrow:"cluster"` // of the user, for given cluster weights
	File     string `arrow:"file"`    // where the row was read: file name without folder, and line from 1
	Line     int64  `arrow:"line"`

	Turns        string `arrow:"turns"`        // a prompt that is a conversation, as JSON: [{"role": "user", "content": "..."}, ...]; "" where it is plain text
	Conversation string `arrow:"conversation"` // id of the conversation that the row is a turn of; "" where there are none
	Turn         int32  `arrow:"turn"`         // its number, from 0
}

// Splits of a comparison.
const (
	Train = "train"
	Test  = "test"
)
