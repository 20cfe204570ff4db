// Package formats reads comparisons from the files people have (jsonl, csv, parquet, tldr, psoups, prism, prompts,
// responses), and makes files up in such a format
// (synthetic). Every line becomes a usable row, or is named with a reason: nothing is skipped in silence. It also holds
// what is decided about rows before any model sees them: the split, who is seen, simulated choices.
//
// The package knows no Arrow and no spec. Read formats.go for the nouns, jsonl.go and tldr.go for the readers,
// synthetic.go for the generator, split.go, draw.go and prefer.go for the decisions.
package formats

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Row is one comparison: a user chose one response over another. Where the data is unpaired, it is one response, as Chosen
// where the user liked it and as Rejected where not; the other is "". A prompt alone has neither.
type Row struct {
	File string // name relative to the source
	Line int64  // from 1; of a file that is one list, the item; 0: the file as a whole

	User     string // id as text
	UserText string // what is known about the user in words; may be empty
	Group    string
	Cluster  string
	Split    string // train, test; "" where the data does not say
	Prompt   string // where it is a conversation (Turns), a rendering for people, which identifies it
	Chosen   string
	Rejected string

	Turns        []Turn // a prompt that is a conversation; nil where it is plain text
	Conversation string // id of the conversation that the row is a turn of; "" where there are none
	TurnNumber   int32  // from 0

	// SecondChosen says that the chosen response is the second one in the data; of unpaired rows, that their response is
	// not liked: no response at all, which would be the second, is better. A rule that must choose between equals takes
	// the first.
	SecondChosen bool
}

// Turn is an utterance of a conversation.
type Turn struct {
	Role    string `json:"role"` // user, assistant, system
	Content string `json:"content"`
}

// Rendering is a conversation for people: one line for each turn, its role before it. Different conversations may have one
// rendering only where an utterance has a line that begins like a turn.
func Rendering(turns []Turn) string {
	var b strings.Builder
	for _, t := range turns {
		fmt.Fprintf(&b, "%s: %s\n", t.Role, t.Content)
	}
	return b.String()
}

// Values of Row.Split.
const (
	Train = "train"
	Test  = "test"
)

// Kind says what became of a line.
type Kind int

// Kinds of records.
const (
	Usable  Kind = iota
	Bad          // cannot be used: the spec says whether that refuses the data or drops the line
	LeftOut      // by the format's own rules, as the authors of the data set do: counted, never bad
)

// Reasons of records that are not usable.
const (
	NotJSON       = "not_json"
	MissingField  = "missing_field"
	WrongType     = "wrong_type"
	UnknownSplit  = "unknown_split"
	UnknownLabel  = "unknown_label"
	EmptyUser     = "empty_user"
	EmptyResponse = "empty_response"
	IdenticalPair = "identical_pair"
	InvalidUTF8   = "invalid_utf8"
	OverLong      = "over_long"
	EmptyPrompt   = "empty_prompt"
	WrongCells    = "wrong_cells"  // of csv: more or fewer cells than the header has
	WrongQuotes   = "wrong_quotes" // of csv
	WrongMessages = "wrong_messages"
	OtherProfile  = "other_profile"
	DuplicateID   = "duplicate_id"
	UnknownUser   = "unknown_user"  // of whom the data's list of users says nothing
	NoComparison  = "no_comparison" // of a user who should have some
	NoChosen      = "no_chosen"     // of a whole conversation bad, of a turn left out

	Truncated = "truncated"  // of a FileError: the file ends here, in the middle
	Damaged   = "damaged"    // of a FileError: the file cannot be read from here on
	WrongFile = "wrong_file" // of a FileError: it is empty, or of another kind

	BlankLine        = "blank_line"        // left out: nothing but white space
	OtherPolicy      = "other_policy"      // left out: a summary of a policy that is not compared
	EqualTexts       = "equal_texts"       // left out: both summaries are the same
	OverLimit        = "over_4800"         // left out: more characters than the format keeps
	EqualCompletions = "equal_completions" // left out: both completions are the same
	Duplicate        = "duplicate"         // left out: the same row stands before
	EmptyCompletion  = "empty_completion"  // left out: a completion without a word
	NoConversation   = "no_conversation"   // left out: a user without conversations
	NoRejected       = "no_rejected"       // left out: a turn with nothing to choose from
)

// Record is one line of a source. Of lines that are not usable, Row has File and Line, and the rest as far as known.
type Record struct {
	Row
	Kind   Kind
	Reason string // "" for usable rows
	Detail string // one clause for people: what was found and what was expected
}

// String names the record by file and line: "posts.jsonl:12: empty_response: chosen is empty".
func (r Record) String() string {
	if r.Line == 0 {
		return fmt.Sprintf("%s: %s: %s", r.File, r.Reason, r.Detail)
	}
	return fmt.Sprintf("%s:%d: %s: %s", r.File, r.Line, r.Reason, r.Detail)
}

// Counts says whether the record is a comparison of the data set for its statistics: a usable row, or one that the
// format leaves out only after the paper's counts were made. Its user and split are known.
func (r Record) Counts() bool {
	return r.Kind == Usable || r.Kind == LeftOut && slices.Contains([]string{EqualTexts, OverLimit, EmptyCompletion}, r.Reason)
}

func (r Record) as(kind Kind, reason, format string, args ...any) Record {
	r.Kind, r.Reason, r.Detail = kind, reason, fmt.Sprintf(format, args...)
	return r
}

func (r Record) bad(reason, format string, args ...any) Record {
	return r.as(Bad, reason, format, args...)
}

// characters is the length that people mean: code points, as Python counts.
func characters(s string) int { return utf8.RuneCountInString(s) }
