//go:build libtorch

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/tensor"
)

// place is where the checks compute.
type place struct {
	device torch.Device
	place  tensor.Place
}

func newPlace(device string) (place, error) {
	p := place{device: torch.Device{Kind: device, Threads: runtime.NumCPU()}, place: tensor.CPU}
	switch device {
	case "cpu":
	case "cuda":
		if ok, why := torch.Cuda(); !ok {
			return p, fmt.Errorf("no CUDA device: %s", why)
		}
		p.place = 0
	default:
		return p, fmt.Errorf("device is %q; it may be cpu or cuda", device)
	}
	tensor.Start(p.device.Threads)
	return p, nil
}

// checkFolder runs every check that the files below root allow, and calls tell with each line. A fixture that cannot be
// read, or whose job does not run, is a line that differs; the others go on.
func checkFolder(root string, p place, tell func(line)) error {
	models, err := filepath.Glob(filepath.Join(root, "*", "model", "config.json"))
	if err != nil {
		return err
	}
	if len(models) == 0 {
		return fmt.Errorf("%s holds no */model/config.json; set PRLHF_PARITY to a folder of fixtures", root)
	}
	for _, path := range models {
		checkModel(filepath.Dir(filepath.Dir(path)), p, tell)
	}
	return nil
}

func checkModel(dir string, p place, tell func(line)) {
	name := filepath.Base(dir)
	if has(dir, "tokenizer_cases.json") {
		tell(lineOf(name, "tokenizer", func(c *comparison) error { return checkTokenizer(c, dir) }))
		checkChat(dir, name, tell)
	}
	if has(dir, "logits.json") {
		tell(lineOf(name, "logits", func(c *comparison) error { return checkLogits(c, dir, p) }))
	}
	entries, _ := os.ReadDir(filepath.Join(dir, "pdpo")) // some models have none
	for _, e := range entries {
		checkEntry(filepath.Join(dir, "pdpo", e.Name()), name, p, tell)
	}
}

// checkEntry is one file or folder of pdpo/.
func checkEntry(path, model string, p place, tell func(line)) {
	base := filepath.Base(path)
	name := model + "/" + strings.TrimSuffix(base, ".json")
	switch {
	case has(path, "expected.json"):
		checkVariant(path, name, p, tell)
	case strings.HasPrefix(base, "loader"):
		checkLoader(path, name, tell)
	case strings.HasPrefix(base, "batch_"): // read by the variants
	default:
		tell(line{fixture: name, check: "all", status: notOffered, detail: "a kind of fixture that this program does not know"})
	}
}

// lineOf runs one check; an error of it is a difference.
func lineOf(fixture, check string, run func(*comparison) error) line {
	var c comparison
	if err := run(&c); err != nil {
		c.problem("%v", err)
	}
	return c.line(fixture, check)
}

func has(dir, file string) bool {
	_, err := os.Stat(filepath.Join(dir, file))
	return err == nil
}

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// batch is batch_T*.json, as far as the checks need it. Rows 2i and 2i+1 are a pair and its user-0 copy.
type batch struct {
	SepID   int32   `json:"sep_id"`
	UserIDs []int32 `json:"user_ids"`
	Seen    struct {
		Policy    []bool `json:"policy"`
		Reference []bool `json:"reference"`
	} `json:"user_text_seen"`
	Tokenized []struct {
		Chosen         []int32 `json:"chosen_input_ids"`
		ChosenLabels   []int32 `json:"chosen_labels"`
		Rejected       []int32 `json:"rejected_input_ids"`
		RejectedLabels []int32 `json:"rejected_labels"`
	} `json:"tokenized"`
}

// row is one row of a batch in our form.
type row struct {
	bos       int32
	separator int     // where the separator stood: what the authors' padding, and so their positions, depend on
	text      []int32 // of the user, between soft prompt and prompt; the reference of the authors sees it too
	prompt    []int32
	responses [][]int32
}

func (b batch) rows() ([]row, error) {
	if len(b.Tokenized) != len(b.UserIDs) {
		return nil, fmt.Errorf("%d rows and %d users", len(b.Tokenized), len(b.UserIDs))
	}
	var out []row
	for i, t := range b.Tokenized {
		chosen, err := splitRow(t.Chosen, t.ChosenLabels, b.SepID)
		if err != nil {
			return nil, fmt.Errorf("row %d, chosen: %w", i, err)
		}
		rejected, err := splitRow(t.Rejected, t.RejectedLabels, b.SepID)
		if err != nil {
			return nil, fmt.Errorf("row %d, rejected: %w", i, err)
		}
		if !slices.Equal(chosen.prompt, rejected.prompt) {
			return nil, fmt.Errorf("row %d: chosen and rejected have different prompts", i)
		}
		chosen.responses = append(chosen.responses, rejected.responses...)
		out = append(out, chosen)
	}
	return out, nil
}

// findTexts takes the users' texts off the prompts. The authors tokenize both together; a row's user-0 copy has the same
// prompt without the text (a bug of theirs: the paper's generic pass keeps it), or the beginning of it where the limit
// of length cut the row's end; that tells where the text stops.
func (b batch) findTexts(rows []row) error {
	if len(b.Seen.Policy) != len(rows) || !slices.Equal(b.Seen.Policy, b.Seen.Reference) {
		return fmt.Errorf("user_text_seen does not say of each of %d rows whether policy and reference both see a text", len(rows))
	}
	for i := range rows {
		if !b.Seen.Policy[i] {
			continue
		}
		if i+1 == len(rows) || b.Seen.Policy[i+1] {
			return fmt.Errorf("row %d has a text and no copy without it", i)
		}
		own, copied := rows[i].prompt, rows[i+1].prompt
		n := 1
		for n < len(own) && (len(own)-n > len(copied) || !slices.Equal(own[n:], copied[:len(own)-n])) {
			n++
		}
		if n == len(own) {
			return fmt.Errorf("row %d is not its copy with a text before it", i)
		}
		rows[i].text, rows[i].prompt = rows[i].prompt[:n], rows[i].prompt[n:]
	}
	return nil
}

// splitRow takes [BOS] identifier separator prompt response apart; labels are -100 on all but the response.
func splitRow(ids, labels []int32, sep int32) (row, error) {
	at := slices.Index(ids, sep)
	start := slices.IndexFunc(labels, func(l int32) bool { return l != -100 })
	if at < 1 || start <= at || len(labels) != len(ids) || !slices.Equal(ids[start:], labels[start:]) {
		return row{}, fmt.Errorf("no identifier, separator, prompt and response in its %d ids and %d labels", len(ids), len(labels))
	}
	return row{bos: ids[0], separator: at, prompt: ids[at+1 : start], responses: [][]int32{ids[start:]}}, nil
}
