package lm

// Segment is one run of queries with the keys that it sees: keys [K0Off, K0Off+K0Len) and behind them [K1Off,
// K1Off+K1Len), the queries being the last QLen of those positions (causal). Queries of consecutive segments lie one
// behind the other.
type Segment struct{ QOff, QLen, K0Off, K0Len, K1Off, K1Len int64 }

// Batch is packed token sequences without padding. N tokens in all; R of them predict a response token.
//
// A group is one prompt with its responses: [BOS, soft prompt, user text, prompt, response 1, response 2, ...]. Each
// response sees the prompt and itself, its positions go on from the prompt's end, so the prompt is computed once
// (design.md section 5, points 2 and 3).
type Batch struct {
	LastOnly  bool      // select each response's last token, as a reward model does; set before the first Add
	IDs       []int64   // [N]; 0 where the soft prompt stands
	Positions []int64   // [N]
	SoftAt    []int64   // places of the soft prompt's vectors, in the order of the rows that come with the batch
	Segments  []Segment // attention of every layer but the last
	Selected  []int64   // [R] places whose hidden state predicts a target, or each response's last token
	Targets   []int64   // [R]; none with LastOnly
	Tail      []Segment // attention of the last layer, whose queries are the selected places only
	Responses []Span    // one per response, in the order they were added
}

// Span is a run of selected places: those of one response.
type Span struct{ Start, Len int }

// Group is what Add packs.
type Group struct {
	BOS       int32 // -1: none
	Soft      int   // T_u vectors of the soft prompt
	UserText  []int32
	Prompt    []int32
	Responses [][]int32
	Offset    int64 // added to every position; 0 but where left padding of another program is reproduced
}

// Prefix is the number of tokens that the responses share.
func (g Group) Prefix() int {
	n := g.Soft + len(g.UserText) + len(g.Prompt)
	if g.BOS >= 0 {
		n++
	}
	return n
}

// Tokens is the group's length.
func (g Group) Tokens() int {
	n := g.Prefix()
	for _, r := range g.Responses {
		n += len(r)
	}
	return n
}

// Add packs a group behind the others. The prefix must not be empty: the first response token needs a predecessor.
func (b *Batch) Add(g Group) {
	start := int64(len(b.IDs))
	put := func(id int32, position int64) {
		b.IDs = append(b.IDs, int64(id))
		b.Positions = append(b.Positions, g.Offset+position)
	}
	var at int64
	if g.BOS >= 0 {
		put(g.BOS, at)
		at++
	}
	for range g.Soft {
		b.SoftAt = append(b.SoftAt, start+at)
		put(0, at)
		at++
	}
	for _, ids := range [][]int32{g.UserText, g.Prompt} {
		for _, id := range ids {
			put(id, at)
			at++
		}
	}
	prefix := at
	for i, response := range g.Responses {
		first, n := int64(len(b.IDs)), int64(len(response))
		for j, id := range response {
			put(id, prefix+int64(j))
		}
		if i == 0 {
			b.Segments = append(b.Segments, Segment{start, prefix + n, start, prefix + n, 0, 0})
		} else {
			b.Segments = append(b.Segments, Segment{first, n, start, prefix, first, n})
		}
		if b.LastOnly {
			b.selectLast(start, prefix, first, n)
		} else {
			b.selectResponse(start, prefix, first, response)
		}
	}
	if len(g.Responses) == 0 {
		b.Segments = append(b.Segments, Segment{start, prefix, start, prefix, 0, 0})
		b.Tail = append(b.Tail, Segment{int64(len(b.Selected)), 1, start, prefix, 0, 0})
		b.Selected = append(b.Selected, start+prefix-1)
	}
}

// selectResponse marks the places that predict the response: the prompt's last token and all of the response but its
// last.
func (b *Batch) selectResponse(start, prefix, first int64, response []int32) {
	n := int64(len(response))
	b.Tail = append(b.Tail, Segment{int64(len(b.Selected)), n, start, prefix, first, n - 1})
	b.Responses = append(b.Responses, Span{len(b.Targets), int(n)})
	for j, id := range response {
		if j == 0 {
			b.Selected = append(b.Selected, start+prefix-1)
		} else {
			b.Selected = append(b.Selected, first+int64(j)-1)
		}
		b.Targets = append(b.Targets, int64(id))
	}
}

// selectLast marks the last of the response's n tokens, found by length: a token's id says nothing about where it stands.
func (b *Batch) selectLast(start, prefix, first, n int64) {
	at := len(b.Selected)
	b.Tail = append(b.Tail, Segment{int64(at), 1, start, prefix, first, n})
	b.Responses = append(b.Responses, Span{at, 1})
	b.Selected = append(b.Selected, first+n-1)
}
