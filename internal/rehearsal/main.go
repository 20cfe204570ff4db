// Rehearsal compares two report.json files, of the CPU and of a pretended GPU, for scripts/gpu-rehearsal: everything but the
// provenance has to be the same, and numbers within a tolerance relative to the larger of the number and 1.
//
//	rehearsal [-tolerance 1e-5] A B
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
)

const shown = 20 // differences that are printed

func main() {
	tolerance := flag.Float64("tolerance", 1e-5, "of numbers, relative to the larger of the number and 1")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: rehearsal [-tolerance 1e-5] A B")
		os.Exit(1)
	}
	a, err := read(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "rehearsal:", err)
		os.Exit(1)
	}
	b, err := read(flag.Arg(1))
	if err != nil {
		fmt.Fprintln(os.Stderr, "rehearsal:", err)
		os.Exit(1)
	}
	c := comparison{tolerance: *tolerance}
	c.compare("", a, b)
	for _, line := range c.differences[:min(shown, len(c.differences))] {
		fmt.Println(line)
	}
	fmt.Printf("%d numbers and %d texts compared, %d differ; the largest difference of a number is %.1e\n", c.numbers, c.texts, len(c.differences), c.largest)
	if len(c.differences) > 0 || c.numbers == 0 {
		os.Exit(1)
	}
}

// read is a report without what tells the devices apart.
func read(path string) (map[string]any, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var report map[string]any
	if err := json.Unmarshal(data, &report); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	delete(report, "provenance")
	return report, nil
}

type comparison struct {
	tolerance, largest float64
	numbers, texts     int
	differences        []string
}

func (c *comparison) differ(path string, a, b any) {
	c.differences = append(c.differences, fmt.Sprintf("%s: %v and %v", path, a, b))
}

func (c *comparison) compare(path string, a, b any) {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			c.differ(path, a, b)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(a)) {
			c.compare(path+"."+key, a[key], b[key])
		}
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			c.differ(path, a, b)
			return
		}
		for i := range a {
			c.compare(fmt.Sprintf("%s[%d]", path, i), a[i], b[i])
		}
	case float64:
		b, ok := b.(float64)
		c.numbers++
		if !ok {
			c.differ(path, a, b)
			return
		}
		difference := math.Abs(a-b) / max(1, math.Abs(a))
		c.largest = max(c.largest, difference)
		if !(difference <= c.tolerance) {
			c.differ(path, a, b)
		}
	default: // a text, null, true or false
		c.texts++
		if a != b {
			c.differ(path, a, b)
		}
	}
}
