// JSON: the whole result model, for programs and for `prlhf diff`. Keys stand in a fixed order, numbers have full
// precision, NaN is null, and arrays of numbers stay on one line. Parse reads it back.

package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// format names this layout; it changes when a reader of the old one would misread the new one.
const format = "prlhf report 1"

// document is the outermost object.
type document struct {
	Format string `json:"format"`
	*Report
}

// JSON writes r whole.
func JSON(w io.Writer, r *Report) error {
	if err := check(r); err != nil {
		return err
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document{format, r}); err != nil {
		return fmt.Errorf("report %q: %w", r.Title, err)
	}
	_, err := w.Write(joinNumbers(text.Bytes()))
	return err
}

// numberArray is an indented array of numbers and nulls. A text cannot match: it holds no line break.
var (
	numberArray = regexp.MustCompile(`\[\n\s*(?:(?:-?[0-9][0-9.eE+-]*|null|"-?inf"),?\n\s*)+\]`)
	indentation = regexp.MustCompile(`\n\s*`)
)

// joinNumbers puts arrays of numbers on one line.
func joinNumbers(text []byte) []byte {
	return numberArray.ReplaceAllFunc(text, func(array []byte) []byte {
		array = indentation.ReplaceAll(array, nil)
		return bytes.ReplaceAll(array, []byte(","), []byte(", "))
	})
}

// Parse reads what JSON wrote. Anything else is an error: another format, an unknown key, a block of an unknown type, a
// table whose rows do not fit its columns.
func Parse(text []byte) (*Report, error) {
	doc := document{Report: &Report{}}
	if err := strict(text, &doc); err != nil {
		return nil, fmt.Errorf("not a report in JSON: %w", err)
	}
	if doc.Format != format {
		return nil, fmt.Errorf("not a report that this version reads: its format is %q; expected %q", doc.Format, format)
	}
	if err := check(doc.Report); err != nil {
		return nil, err
	}
	return doc.Report, nil
}

// strict decodes one value and nothing after it, without unknown keys.
func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("something follows its end")
	}
	return nil
}

// Blocks carry their type as the first key.
type (
	typedTable struct {
		Type string `json:"type"`
		*Table
	}
	typedPlot struct {
		Type string `json:"type"`
		*Plot
	}
	typedSamples struct {
		Type string `json:"type"`
		*Samples
	}
	typedVerdicts struct {
		Type string `json:"type"`
		*Verdicts
	}
	typedFacts struct {
		Type string `json:"type"`
		*Facts
	}
)

// section is Section with its blocks typed.
type section struct {
	Heading string `json:"heading"`
	Text    string `json:"text,omitempty"`
	Blocks  []any  `json:"blocks,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (s Section) MarshalJSON() ([]byte, error) {
	out := section{Heading: s.Heading, Text: s.Text}
	for _, b := range s.Blocks {
		switch b := b.(type) {
		case *Table:
			out.Blocks = append(out.Blocks, typedTable{"table", b})
		case *Plot:
			out.Blocks = append(out.Blocks, typedPlot{"plot", b})
		case *Samples:
			out.Blocks = append(out.Blocks, typedSamples{"samples", b})
		case *Verdicts:
			out.Blocks = append(out.Blocks, typedVerdicts{"verdicts", b})
		case *Facts:
			out.Blocks = append(out.Blocks, typedFacts{"facts", b})
		}
	}
	return marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Section) UnmarshalJSON(text []byte) error {
	var in struct {
		Heading string            `json:"heading"`
		Text    string            `json:"text"`
		Blocks  []json.RawMessage `json:"blocks"`
	}
	if err := strict(text, &in); err != nil {
		return err
	}
	*s = Section{Heading: in.Heading, Text: in.Text}
	for i, raw := range in.Blocks {
		b, err := parseBlock(raw)
		if err != nil {
			return fmt.Errorf("section %q, block %d: %w", s.Heading, i, err)
		}
		s.Blocks = append(s.Blocks, b)
	}
	return nil
}

func parseBlock(raw json.RawMessage) (Block, error) {
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &kind); err != nil {
		return nil, err
	}
	switch kind.Type {
	case "table":
		b := &Table{}
		return b, strict(raw, &typedTable{Table: b})
	case "plot":
		b := &Plot{}
		return b, strict(raw, &typedPlot{Plot: b})
	case "samples":
		b := &Samples{}
		return b, strict(raw, &typedSamples{Samples: b})
	case "verdicts":
		b := &Verdicts{}
		return b, strict(raw, &typedVerdicts{Verdicts: b})
	case "facts":
		b := &Facts{}
		return b, strict(raw, &typedFacts{Facts: b})
	}
	return nil, fmt.Errorf("its type is %q; expected table, plot, samples, verdicts or facts", kind.Type)
}

// marshal is json.Marshal with <, > and & left as they are.
func marshal(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(text.Bytes(), "\n"), nil
}
