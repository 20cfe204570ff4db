// Inspect shows rows as the model reads them in training: which tokens, in what order, and which of them are scored.
package runner

import (
	"fmt"

	"github.com/prlhf/prlhf/runner/store"
	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

// Packed is one example of a training run: [BOS, soft prompt, user text, prompt] and the responses, which do not see each
// other and whose positions both go on from the prompt.
type Packed struct {
	Row      int64
	index    int32  // of the user in the data; 0: unseen there
	User     string // by index, or id where ids are shown; "": nobody
	Group    string
	Passes   []Pass
	Segments []Segment
}

// Pass is one way the example is gone through: with which user's soft prompt, and its weight in the loss.
type Pass struct {
	User   int32 // 0 is the generic user
	Weight float64
}

// SegmentKind says what a stretch of tokens is.
type SegmentKind string

// Kinds of segments, in the order of a sequence.
const (
	SegmentBOS      SegmentKind = "bos"
	SegmentSoft     SegmentKind = "soft prompt"
	SegmentUserText SegmentKind = "user text"
	SegmentPrompt   SegmentKind = "prompt"
	SegmentResponse SegmentKind = "response" // of sft
	SegmentChosen   SegmentKind = "chosen"
	SegmentRejected SegmentKind = "rejected"
	SegmentLiked    SegmentKind = "liked" // of unpaired rows
	SegmentNotLiked SegmentKind = "not liked"
	SegmentMismatch SegmentKind = "mismatched" // kto: a response of another row; it is in the estimate of z0, which has no gradient
)

// Segment is a stretch of tokens. A soft prompt has vectors instead of ids: then IDs is empty and Length says how many.
type Segment struct {
	Kind     SegmentKind
	Position int // of the first token
	Length   int
	IDs      []int32
	Tokens   []string // one text per id; none where they are not shown
	Scored   bool     // its log-probs are in the loss, the end token's too
}

// Inspect returns the first examples of a train block. The stages that it reads must be in the store. Users have indices and their
// texts are left out unless personal, or a report of the spec, asks for them.
func Inspect(plan *Plan, st *store.Store, addr string, rows int, personal bool) ([]Packed, error) {
	block, _, err := plan.find(addr)
	if err != nil {
		return nil, err
	}
	var node *Node
	for _, n := range plan.ofAddr[block] {
		if n.Kind == kindTrain {
			node = n
			break
		}
	}
	if node == nil {
		return nil, fmt.Errorf("inspect shows what a train block reads; %s is none", block)
	}
	e := &Env{node: node, inputs: map[*Node]*store.Artifact{}, emit: func(Event) {}}
	for _, in := range node.Inputs {
		a, ok := st.Get(in.Fingerprint)
		if !ok {
			return nil, fmt.Errorf("%s needs %q, which has not run yet; run apply -target '%s' first", block, in.ID, block)
		}
		e.inputs[in] = a
	}
	packed, err := node.Stage.(*trainStage).inspect(e, rows)
	if err != nil || personal {
		return packed, err
	}
	ids, texts := showsIDs(plan.Spec), showsTexts(plan.Spec)
	for i := range packed {
		packed[i].hide(ids, texts)
	}
	return packed, nil
}

func (s *trainStage) inspect(e *Env, rows int) ([]Packed, error) {
	world, err := s.data.open(e)
	if err != nil {
		return nil, err
	}
	defer world.Close()
	job, _, err := s.job(e, world)
	if err != nil {
		return nil, err
	}
	tok, err := s.base.origin.tokenizer.load(e)
	if err != nil {
		return nil, err
	}
	data := job.Data.(*examples)
	var out []Packed
	for i := range min(rows, data.Len()) {
		ex, err := data.At(i)
		if err != nil {
			return nil, err
		}
		u := world.userOf(data.items[i].rowRef)
		p := Packed{Row: ex.Row, index: u.Index, User: u.ID, Group: u.Group, Passes: passesOf(job, ex)}
		p.Segments = segments(job, ex, tok)
		out = append(out, p)
	}
	return out, nil
}

// hide leaves out what tells who a user is, where it is not shown.
func (p *Packed) hide(ids, texts bool) {
	if !ids && p.User != "" {
		p.User = person{index: p.index}.nameless()
	}
	for i := range p.Segments {
		if s := &p.Segments[i]; !texts && s.Kind == SegmentUserText {
			s.IDs, s.Tokens = nil, nil
		}
	}
}

// passesOf is how the objective goes through an example (design.md section 2): alpha for its user, the rest for user 0;
// a pass of weight 0 is not run, and two equal ones are one.
func passesOf(job torch.TrainJob, ex torch.Example) []Pass {
	alpha := job.Objective.Alpha
	sameUser := !job.UserModel.Personal() || ex.User == 0
	if sameText := job.GenericKeepsText || len(ex.UserText) == 0; sameUser && sameText {
		return []Pass{{ex.User, 1}}
	}
	var out []Pass
	for _, p := range []Pass{{ex.User, alpha}, {0, 1 - alpha}} {
		if p.Weight > 0 {
			out = append(out, p)
		}
	}
	return out
}

func segments(job torch.TrainJob, ex torch.Example, tok *tokenizer.Tokenizer) []Segment {
	var out []Segment
	position := 0
	add := func(kind SegmentKind, ids []int32, length int, scored bool) {
		if length == 0 {
			return
		}
		s := Segment{Kind: kind, Position: position, Length: length, IDs: ids, Scored: scored}
		for _, id := range ids {
			s.Tokens = append(s.Tokens, tok.Decode([]int32{id}, false))
		}
		out = append(out, s)
		if !scored { // both responses go on from the prompt
			position += length
		}
	}
	if job.BOS >= 0 {
		add(SegmentBOS, []int32{job.BOS}, 1, false)
	}
	if !job.UserModel.Head { // else the user's vector is the head, not in the input
		add(SegmentSoft, nil, job.UserModel.Tokens, false)
	}
	add(SegmentUserText, ex.UserText, len(ex.UserText), false)
	add(SegmentPrompt, ex.Prompt, len(ex.Prompt), false)
	for k, r := range ex.Responses {
		add(responseKind(ex, k), r, len(r), true)
	}
	add(SegmentMismatch, ex.Mismatch, len(ex.Mismatch), true)
	return out
}

// responseKind is what response k of an example is.
func responseKind(ex torch.Example, k int) SegmentKind {
	switch {
	case ex.Desirable != nil && ex.Desirable[k]:
		return SegmentLiked
	case ex.Desirable != nil:
		return SegmentNotLiked
	case len(ex.Responses) == 2:
		return []SegmentKind{SegmentChosen, SegmentRejected}[k]
	}
	return SegmentResponse
}
