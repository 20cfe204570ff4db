// Numbers in the JSON: the shortest text that reads back as the same float, null for NaN, "inf" and "-inf".

package reports

import (
	"fmt"
	"math"
	"strconv"
)

// number is a float64 as the JSON has it.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	x := float64(n)
	switch {
	case math.IsNaN(x):
		return []byte("null"), nil
	case math.IsInf(x, 1):
		return []byte(`"inf"`), nil
	case math.IsInf(x, -1):
		return []byte(`"-inf"`), nil
	}
	return strconv.AppendFloat(nil, x, 'g', -1, 64), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "null":
		*n = number(math.NaN())
		return nil
	case `"inf"`:
		*n = number(math.Inf(1))
		return nil
	case `"-inf"`:
		*n = number(math.Inf(-1))
		return nil
	}
	x, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return fmt.Errorf("%s stands where a number is expected", text)
	}
	*n = number(x)
	return nil
}

// estimate is Estimate as the JSON has it.
type estimate struct {
	Mean   number `json:"mean"`
	SE     number `json:"se"`
	Low    number `json:"low"`
	High   number `json:"high"`
	Median number `json:"median"`
	SDRuns number `json:"sd_runs"`
	N      int    `json:"n"`
}

func toEstimate(e Estimate) estimate {
	return estimate{number(e.Mean), number(e.SE), number(e.Low), number(e.High), number(e.Median), number(e.SDRuns), e.N}
}

func (e estimate) plain() Estimate {
	return Estimate{float64(e.Mean), float64(e.SE), float64(e.Low), float64(e.High), float64(e.Median), float64(e.SDRuns), e.N}
}

// cell is Cell as the JSON has it: a text has no value, everything else no text.
type cell struct {
	Kind   CellKind  `json:"kind"`
	Text   string    `json:"text,omitempty"`
	Value  *estimate `json:"value,omitempty"`
	Places int       `json:"places,omitempty"`
	Paper  *estimate `json:"paper,omitempty"`
	Note   string    `json:"note,omitempty"`

	FewClusters bool `json:"few_clusters,omitempty"`

	Detectable *number `json:"detectable,omitempty"` // follows from value; not read back
}

// MarshalJSON implements json.Marshaler.
func (c Cell) MarshalJSON() ([]byte, error) {
	out := cell{Kind: c.Kind, Text: c.Text, Places: c.Places, Note: c.Note, FewClusters: c.FewClusters}
	if c.Kind != Text && c.Kind != Dash {
		value := toEstimate(c.Value)
		out.Value = &value
	}
	if d := number(c.detectable()); !math.IsNaN(float64(d)) {
		out.Detectable = &d
	}
	if c.Paper != nil {
		paper := toEstimate(*c.Paper)
		out.Paper = &paper
	}
	return marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Cell) UnmarshalJSON(text []byte) error {
	var in cell
	if err := strict(text, &in); err != nil {
		return err
	}
	*c = Cell{Kind: in.Kind, Text: in.Text, Value: Just(math.NaN()), Places: in.Places, Note: in.Note, FewClusters: in.FewClusters}
	if in.Value != nil {
		c.Value = in.Value.plain()
	}
	if in.Paper != nil {
		paper := in.Paper.plain()
		c.Paper = &paper
	}
	return nil
}

// series is Series as the JSON has it.
type series struct {
	Name   string   `json:"name"`
	X      []number `json:"x,omitempty"`
	Y      []number `json:"y"`
	Low    []number `json:"low,omitempty"`
	High   []number `json:"high,omitempty"`
	Labels []string `json:"labels,omitempty"`
	Dashed bool     `json:"dashed,omitempty"`

	Landmark bool `json:"landmark,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (s Series) MarshalJSON() ([]byte, error) {
	return marshal(series{s.Name, numbers(s.X), numbers(s.Y), numbers(s.Low), numbers(s.High), s.Labels, s.Dashed, s.Landmark})
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Series) UnmarshalJSON(text []byte) error {
	var in series
	if err := strict(text, &in); err != nil {
		return err
	}
	*s = Series{in.Name, floats(in.X), floats(in.Y), floats(in.Low), floats(in.High), in.Labels, in.Dashed, in.Landmark}
	return nil
}

func numbers(values []float64) []number {
	if values == nil {
		return nil
	}
	out := make([]number, len(values))
	for i, v := range values {
		out[i] = number(v)
	}
	return out
}

func floats(values []number) []float64 {
	if values == nil {
		return nil
	}
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}
