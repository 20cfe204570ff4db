package arrowio

// User is a row of users.arrow: one person of a data set. Seen users come first, in the order of Index.
type User struct {
	ID               string `arrow:"id"`
	Group            string `arrow:"group"`
	Text             string `arrow:"text"`
	Index            int32  `arrow:"index"` // 1..m for seen users, 0 for all others
	Seen             bool   `arrow:"seen"`
	TrainComparisons int64  `arrow:"train_comparisons"`
	TestComparisons  int64  `arrow:"test_comparisons"`
	Prefers          string `arrow:"prefers"`    // longer, shorter; "" where choices are the recorded ones
	Attributes       string `arrow:"attributes"` // what else the data has about them: a JSON object of texts and lists of texts; "" where there is nothing
}

// Erased tells whether a policy's user was erased: the index stays, so that the others keep theirs, and everything else is
// gone. Whoever it was is not known any more.
func (u User) Erased() bool { return u.Index > 0 && !u.Seen && u.ID == "" }
