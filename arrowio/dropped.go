package arrowio

// Dropped is a row of dropped.arrow (rows that a format's own rules or the limits of length leave out) and of
// badrows.arrow (rows that cannot be used).
type Dropped struct {
	File   string `arrow:"file"` // name without folder
	Line   int64  `arrow:"line"` // from 1; 0: the file as a whole
	Reason string `arrow:"reason"`
	Detail string `arrow:"detail"`
}
