// result.json: what a stage found, as the tree of values that claims and reports read (language/README section 4).
// Numbers are written exactly; NaN, which JSON lacks, is null.
package runner

import (
	"encoding/json"
	"fmt"
	"math"
	"os"

	"github.com/prlhf/prlhf/dsl"
)

// storedEstimate marks an estimate in JSON: an object of these fields and no other.
type storedEstimate struct {
	Mean   *float64 `json:"mean"`
	SE     *float64 `json:"se"`
	Low    *float64 `json:"low"`
	High   *float64 `json:"high"`
	Median *float64 `json:"median"`
	SDRuns *float64 `json:"sd_runs"`
	N      int      `json:"n"`
}

func writeResult(path string, v dsl.Value) error {
	data, err := json.MarshalIndent(stored(v), "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// stored turns a value into what encoding/json writes.
func stored(v dsl.Value) any {
	switch v := v.(type) {
	case map[string]dsl.Value:
		out := map[string]any{}
		for k, e := range v {
			out[k] = stored(e)
		}
		return out
	case []dsl.Value:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = stored(e)
		}
		return out
	case dsl.Estimate:
		return map[string]any{"estimate": storedEstimate{orNil(v.Mean), orNil(v.SE), orNil(v.Low), orNil(v.High), orNil(v.Median), orNil(v.SDRuns), v.N}}
	case float64:
		return orNil(v)
	}
	return v
}

func orNil(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

func readResult(path string) (map[string]dsl.Value, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	v, err := restored(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v.(map[string]dsl.Value), nil
}

func restored(data json.RawMessage) (dsl.Value, error) {
	switch data[0] {
	case '{':
		return restoredObject(data)
	case '[':
		var items []json.RawMessage
		if err := json.Unmarshal(data, &items); err != nil {
			return nil, err
		}
		out := make([]dsl.Value, len(items))
		for i, item := range items {
			var err error
			if out[i], err = restored(item); err != nil {
				return nil, err
			}
		}
		return out, nil
	case 'n':
		return math.NaN(), nil
	}
	var v any
	err := json.Unmarshal(data, &v)
	return v, err
}

func restoredObject(data json.RawMessage) (dsl.Value, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	if e, ok := fields["estimate"]; ok && len(fields) == 1 && len(e) > 0 && e[0] == '{' {
		var s storedEstimate
		if err := json.Unmarshal(e, &s); err != nil {
			return nil, err
		}
		return dsl.Estimate{Mean: orNaN(s.Mean), SE: orNaN(s.SE), Low: orNaN(s.Low), High: orNaN(s.High),
			Median: orNaN(s.Median), SDRuns: orNaN(s.SDRuns), N: s.N}, nil
	}
	out := map[string]dsl.Value{}
	for k, f := range fields {
		v, err := restored(f)
		if err != nil {
			return nil, err
		}
		out[k] = v
	}
	return out, nil
}

func orNaN(f *float64) float64 {
	if f == nil {
		return math.NaN()
	}
	return *f
}
