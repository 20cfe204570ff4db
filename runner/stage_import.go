// The import stage: files of a format as comparisons, as they were recorded. Rows that cannot be used are refused or
// dropped as the spec says, and either way named by file and line; rows that the format's own rules leave out are counted.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
)

const (
	kindImport    = "import"
	importVersion = 2

	comparisonsFile = "comparisons.arrow"
	recordedFile    = "recorded.arrow"
	droppedFile     = "dropped.arrow"
	badRowsFile     = "badrows.arrow"
	keysFile        = "keys.arrow"
	peopleFile      = "people.arrow"
	playFile        = "roleplay.arrow"

	namedRows = 5 // bad rows, each with another fault, that a refusal names; the rest are counted
)

// recorded is a row of recorded.arrow: a comparison that counts for the data set's statistics, usable or not.
type recorded struct {
	Row          int64  `arrow:"row"` // of comparisons.arrow; -1: left out by the format's own rules
	User         string `arrow:"user"`
	Group        string `arrow:"group"`
	Split        string `arrow:"split"`
	Prompt       string `arrow:"prompt"`        // its key: equal prompts have equal keys
	SecondChosen bool   `arrow:"second_chosen"` // the chosen response is the second in the file; unpaired: the response is not liked
	Conversation string `arrow:"conversation"`  // "" where there are none
	Turn         int32  `arrow:"turn"`
}

type importStage struct {
	spec   *dsl.Dataset
	files  *Node  // files made up; nil: source
	source string // file or folder
	leaf   leaf   // what is in it
}

func (s *importStage) Describe(w io.Writer) {
	line(w, "version", importVersion)
	line(w, "format", s.spec.Format)
	for _, ours := range sortedKeys(s.spec.Columns) {
		line(w, "column "+ours, s.spec.Columns[ours])
	}
	if s.spec.Format == "prism" {
		line(w, "pairs", fmt.Sprintf("%s, seed %d", s.spec.Pairs, s.spec.Seed))
	}
	line(w, "bad_rows", s.spec.BadRows)
	if s.files == nil {
		line(w, "files", s.leaf.digest)
	}
}

func (s *importStage) leaves() []leaf { return []leaf{s.leaf} }

func (s *importStage) Run(ctx context.Context, e *Env) error {
	source := s.source
	if s.files != nil {
		source = e.Path(s.files, filesFolder)
	}
	if err := writePeople(e, s.spec.Format, source); err != nil {
		return err
	}
	if s.spec.Format == "prism" {
		if err := writePlay(e, source); err != nil {
			return err
		}
	}
	out, err := createImport(e)
	if err != nil {
		return err
	}
	defer out.Close()
	for record, err := range s.records(source) {
		if err != nil {
			return s.lost(err)
		}
		if out.lines++; out.lines%5000 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			e.Progress(out.lines, 0, "rows")
		}
		if err := out.take(record); err != nil {
			return err
		}
	}
	if len(out.named) > 0 && s.spec.BadRows != "drop" {
		return s.refusal(out)
	}
	if len(out.named) > 0 {
		e.Say("%d of %d rows cannot be used and are left out: %s", out.bad.Rows(), out.lines, out.faults())
	}
	if out.usable.Rows() == 0 {
		return s.nothing(out)
	}
	return out.Close()
}

func (s *importStage) records(source string) iter.Seq2[formats.Record, error] {
	switch s.spec.Format {
	case "tldr":
		return formats.ReadTLDR(source)
	case "psoups":
		return formats.ReadPSOUPS(source)
	case "prism":
		return formats.ReadPRISM(source, formats.Pairs{All: s.spec.Pairs == "all", Seed: s.spec.Seed})
	case "parquet":
		return formats.ReadParquet(source, formats.Columns(s.spec.Columns))
	case "prompts":
		return formats.ReadPrompts(source)
	case "responses":
		return formats.ReadResponses(source, formats.Columns(s.spec.Columns))
	case "csv":
		return formats.ReadCSV(source, formats.Columns(s.spec.Columns))
	}
	return formats.ReadJSONL(source, formats.Columns(s.spec.Columns))
}

// lost adds to what is wrong with a file as a whole why it is not dropped.
func (s *importStage) lost(err error) error {
	var fault *formats.FileError
	if s.spec.BadRows == "drop" && errors.As(err, &fault) && fault.Line > 0 {
		return fmt.Errorf("%w; bad_rows = \"drop\" leaves out rows, and never what is lost of a file", err)
	}
	return err
}

// refusal names the first bad rows and how to go on.
func (s *importStage) refusal(out *importTables) error {
	return fmt.Errorf("%d of %d rows cannot be used: %s; mend them, or write bad_rows = \"drop\" in %s to leave them out",
		out.bad.Rows(), out.lines, out.faults(), s.spec.Addr)
}

// nothing says what was found instead of rows that can be used.
func (s *importStage) nothing(out *importTables) error {
	if out.lines == 0 {
		return fmt.Errorf("%s has no rows: there is nothing in %s", s.spec.Addr, s.leaf.what)
	}
	var found []string
	for _, reason := range sortedKeys(out.leftOut) {
		found = append(found, fmt.Sprintf("%d %s", out.leftOut[reason], reason))
	}
	if len(out.named) > 0 {
		found = append(found, out.faults())
	}
	return fmt.Errorf("%s has no usable row; found in %d: %s", s.spec.Addr, out.lines, strings.Join(found, "; "))
}

// importTables are the tables of an import in the making.
type importTables struct {
	usable   *arrowio.Writer[arrowio.Comparison]
	keys     *arrowio.Writer[rowKeys]
	recorded *arrowio.Writer[recorded]
	dropped  *arrowio.Writer[arrowio.Dropped]
	bad      *arrowio.Writer[arrowio.Dropped]
	lines    int64
	named    []*fault
	leftOut  map[string]int // by reason
}

// fault is what is wrong with some rows of a file.
type fault struct {
	first formats.Record
	rows  int64
}

// name counts a bad row under what is wrong with it, as long as few different things are.
func (t *importTables) name(r formats.Record) {
	for _, f := range t.named {
		if f.first.File == r.File && f.first.Reason == r.Reason && f.first.Detail == r.Detail {
			f.rows++
			return
		}
	}
	if len(t.named) < namedRows {
		t.named = append(t.named, &fault{r, 1})
	}
}

// faults are the named ones, and how many bad rows have others.
func (t *importTables) faults() string {
	var all []string
	left := t.bad.Rows()
	for _, f := range t.named {
		text := f.first.String()
		switch f.rows {
		case 1:
		case 2:
			text += " (and in 1 more row)"
		default:
			text += fmt.Sprintf(" (and in %d more rows)", f.rows-1)
		}
		all = append(all, text)
		left -= f.rows
	}
	if left > 0 {
		all = append(all, fmt.Sprintf("and %d more", left))
	}
	return strings.Join(all, "; ")
}

func createImport(e *Env) (*importTables, error) {
	t := &importTables{leftOut: map[string]int{}}
	var err error
	if t.usable, err = arrowio.Create[arrowio.Comparison](e.File(comparisonsFile)); err != nil {
		return nil, err
	}
	if t.keys, err = arrowio.Create[rowKeys](e.File(keysFile)); err != nil {
		return nil, err
	}
	if t.recorded, err = arrowio.Create[recorded](e.File(recordedFile)); err != nil {
		return nil, err
	}
	if t.dropped, err = arrowio.Create[arrowio.Dropped](e.File(droppedFile)); err != nil {
		return nil, err
	}
	t.bad, err = arrowio.Create[arrowio.Dropped](e.File(badRowsFile))
	return t, err
}

// take files one record.
func (t *importTables) take(r formats.Record) error {
	row := t.usable.Rows()
	switch r.Kind {
	case formats.Bad:
		t.name(r)
		return t.bad.Append(arrowio.Dropped{File: r.File, Line: r.Line, Reason: r.Reason, Detail: r.Detail})
	case formats.LeftOut:
		row = -1
		t.leftOut[r.Reason]++
		if err := t.dropped.Append(arrowio.Dropped{File: r.File, Line: r.Line, Reason: r.Reason, Detail: r.Detail}); err != nil {
			return err
		}
	case formats.Usable:
		turns, err := turnsText(r.Turns)
		if err == nil {
			err = t.usable.Append(arrowio.Comparison{Row: row, Split: r.Split, User: r.User, Group: r.Group, UserText: r.UserText,
				Prompt: r.Prompt, Chosen: r.Chosen, Rejected: r.Rejected, Cluster: r.Cluster, File: r.File, Line: r.Line,
				Turns: turns, Conversation: r.Conversation, Turn: r.TurnNumber})
		}
		if err == nil {
			err = t.keys.Append(rowKeys{promptKeyOf(r), keyOf(r.Chosen), keyOf(r.Rejected)})
		}
		if err != nil {
			return err
		}
	}
	if !r.Counts() {
		return nil
	}
	return t.recorded.Append(recorded{Row: row, User: r.User, Group: r.Group, Split: r.Split, Prompt: promptKeyOf(r), SecondChosen: r.SecondChosen,
		Conversation: r.Conversation, Turn: r.TurnNumber})
}

func (t *importTables) Close() error {
	var first error
	for _, close := range []func() error{t.usable.Close, t.keys.Close, t.recorded.Close, t.dropped.Close, t.bad.Close} {
		if err := close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
