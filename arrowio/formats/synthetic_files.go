package formats

// Made-up data as the files of its format.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// SynthesizeFiles writes made-up data in a format, tldr, psoups, prism or prompts, into the files that create makes. The
// same cfg gives the same bytes.
func SynthesizeFiles(format string, cfg SyntheticConfig, create func(name string) (io.WriteCloser, error)) error {
	if cfg.Users < 1 || cfg.Comparisons < 1 || cfg.Prompts < 1 {
		return fmt.Errorf("synthetic data need at least one user, comparison and prompt; asked for %d, %d, %d", cfg.Users, cfg.Comparisons, cfg.Prompts)
	}
	switch format {
	case "tldr":
		return written(create, "comparisons.jsonl", func(w io.Writer) error { return Synthesize(w, cfg) })
	case "psoups":
		return synthesizePSOUPS(cfg, create)
	case "prism":
		return synthesizePRISM(cfg, create)
	case "prompts":
		return synthesizePrompts(cfg, create)
	}
	return fmt.Errorf("no data is made up in the format %q", format)
}

// synthesizePrompts writes questions as Koala's evaluation set has them.
func synthesizePrompts(cfg SyntheticConfig, create func(string) (io.WriteCloser, error)) error {
	asked, err := drawTopics(cfg.Prompts, true, newRandom(cfg.Seed, "synthetic prompts"))
	if err != nil {
		return err
	}
	type line struct {
		ID     string `json:"id"`
		Prompt string `json:"prompt"`
	}
	lines := make([]line, len(asked))
	for i, t := range asked {
		lines[i] = line{strconv.Itoa(i), t.question}
	}
	return writeJSON(create, "prompts.json", lines)
}

// writeJSON writes a list, one item a line.
func writeJSON[T any](create func(string) (io.WriteCloser, error), name string, items []T) error {
	return written(create, name, func(w io.Writer) error {
		for i, item := range items {
			text, err := plainJSON(item)
			if err != nil {
				return err
			}
			before := ",\n"
			if i == 0 {
				before = "["
			}
			if _, err := fmt.Fprintf(w, "%s%s", before, text); err != nil {
				return err
			}
		}
		_, err := io.WriteString(w, "]\n")
		return err
	})
}

// writeLines writes one object a line.
func writeLines[T any](create func(string) (io.WriteCloser, error), name string, items []T) error {
	return written(create, name, func(w io.Writer) error {
		for _, item := range items {
			text, err := plainJSON(item)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "%s\n", text); err != nil {
				return err
			}
		}
		return nil
	})
}

// plainJSON writes <, > and & as they are.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// written fills one file.
func written(create func(string) (io.WriteCloser, error), name string, fill func(io.Writer) error) error {
	f, err := create(name)
	if err != nil {
		return err
	}
	if err := fill(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
