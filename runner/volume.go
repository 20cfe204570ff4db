// How much text a plan is about: rows and tokens, counted where the artifacts are in the store, else as the spec expects,
// else guessed.
package runner

import (
	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// bytesPerToken is a usual figure for English text.
const bytesPerToken = 4

// volume is how much text a set of rows is.
type volume struct {
	rows             float64
	prompt, response float64 // mean tokens of a prompt, and of one response with its end token
	sides            float64 // responses a row: 2, of unpaired rows 1
	once             distinctTexts
	texts            float64 // of a set of responses: how many there are; 0 when not counted
	exact            bool
	note             string
}

// distinctTexts is how much is left of some rows when each prompt with a response counts once; zero when not counted.
type distinctTexts struct{ responses, promptTokens, responseTokens float64 }

// tokens of a pass over the rows: prompt once, all responses.
func (v volume) tokens() float64 { return v.rows * (v.prompt + v.sides*v.response) }

// countRows counts the rows of a table of a node whose artifact is there.
func (c *compiler) countRows(n *Node, file string) (int64, bool) {
	if c.st == nil || n == nil {
		return 0, false
	}
	a, ok := c.st.Get(n.Fingerprint)
	if !ok {
		return 0, false
	}
	t, err := arrowio.Open[arrowio.Comparison](a.Path(file))
	if err != nil {
		return 0, false
	}
	defer t.Close()
	return int64(t.Len()), true
}

// wholeVolume is that of a whole data set: counted from its ids, or expected, or guessed.
func (c *compiler) wholeVolume(d *dsl.Dataset, tokens *Node) volume {
	if v, ok := c.counted(tokens, nil); ok {
		return v
	}
	v := c.guessed(d)
	if n := c.data[d]; n != nil {
		if rows, ok := c.countRows(n.rows, comparisonsFile); ok {
			v.rows = float64(rows)
		}
	}
	return v
}

// counted sums up tokens.arrow where it is in the store; rows nil means all.
func (c *compiler) counted(tokens *Node, rows map[int64]bool) (volume, bool) {
	if c.st == nil || tokens == nil {
		return volume{}, false
	}
	a, ok := c.st.Get(tokens.Fingerprint)
	if !ok {
		return volume{}, false
	}
	t, err := arrowio.Open[arrowio.Tokens](a.Path(tokensFile))
	if err != nil {
		return volume{}, false
	}
	defer t.Close()
	v := volume{exact: true}
	met := map[textKey]int{}
	for row, err := range t.All() {
		if err != nil {
			return volume{}, false
		}
		if rows == nil || rows[row.Row] {
			v.rows++
			v.prompt += float64(len(row.Prompt))
			for _, ids := range [][]int32{row.Chosen, row.Rejected} {
				if len(ids) > 0 {
					v.response += float64(len(ids) + 1)
					v.sides++
				}
			}
			v.once.add(row, met)
		}
	}
	if v.rows > 0 {
		v.prompt, v.response, v.sides = v.prompt/v.rows, v.response/max(v.sides, 1), v.sides/v.rows // prompts have no responses
	}
	return v, true
}

// add counts what of a row is new, as the scorer shares prompts among responses.
func (d *distinctTexts) add(row arrowio.Tokens, met map[textKey]int) {
	prompt := keyOf(idBytes(row.Prompt))
	for _, ids := range [][]int32{row.Chosen, row.Rejected} {
		key := keyOf(prompt, idBytes(ids))
		if met[key]++; met[key] > 1 || len(ids) == 0 {
			continue
		}
		if met[prompt]%sharedResponses == 0 {
			d.promptTokens += float64(len(row.Prompt))
		}
		met[prompt]++
		d.responses++
		d.responseTokens += float64(len(ids)) + 1
	}
}

// guessed reckons with expect, then with what made-up data will be, then with the first rows of the files.
func (c *compiler) guessed(d *dsl.Dataset) volume {
	v := volume{prompt: 400, response: 40, sides: 2, note: "lengths are a guess"}
	if d.Unpaired {
		v.sides = 1
	}
	if d.Synthetic != nil {
		v.rows, v.prompt, v.response = float64(d.Synthetic.Comparisons), 60, 15
		if d.Format == "prompts" {
			v.rows = float64(d.Synthetic.Prompts)
		}
	}
	s := c.samples[d]
	if s != nil {
		v = sampled(s, v)
	}
	if d.MaxPromptTokens > 0 {
		v.prompt = min(v.prompt, float64(d.MaxPromptTokens))
	}
	for key, to := range map[string]*float64{"prompt_tokens": &v.prompt, "response_tokens": &v.response} {
		if n, ok := d.Expect[key]; ok {
			*to = float64(n)
			v.note = "lengths as expected by the spec"
		}
	}
	if n := max(d.Expect["train"]+d.Expect["test"], d.Expect["comparisons"], d.Expect["prompts"]); n > 0 && s == nil {
		v.rows = float64(n)
		v.note += ", rows as expected by the spec"
	}
	return v
}

// setVolume is that of some rows: counted where split and ids are in the store, else a share of the data sets. Many nodes
// ask for the same rows: they are counted once.
func (c *compiler) setVolume(in dataInputs, s *dsl.Set) volume {
	key := describeSet(s, placeIn(in.sets()))
	for _, n := range in.inputs(true) {
		if n != nil && n.Kind != kindReference && n.Kind != kindMismatch && n.Kind != kindMismatchReference {
			key += " " + n.Fingerprint.String()
		}
	}
	if _, done := c.volumes[key]; !done {
		c.volumes[key] = c.measure(in, s)
	}
	return c.volumes[key]
}

func (c *compiler) measure(in dataInputs, s *dsl.Set) volume {
	if v, ok := c.countedSet(in, s); ok {
		return v
	}
	out := volume{}
	for _, d := range in {
		v := c.wholeVolume(d.set, d.tokens)
		share := shareOf(s, d.set)
		if n, ok := expectedRows(s, d.set); ok {
			share = n / max(v.rows, 1)
		}
		if share == 0 {
			continue
		}
		out.rows += share * v.rows
		out.prompt, out.response, out.sides, out.note = max(out.prompt, v.prompt), max(out.response, v.response), max(out.sides, v.sides), v.note
	}
	if s.Op == dsl.SetSample {
		out.rows = min(out.rows, float64(s.N))
	}
	if out.note == "" {
		out.note = "rows are a share of the data set"
	}
	return out
}

// shareOf is the share of a data set's rows that a set takes, as far as the spec tells.
func shareOf(s *dsl.Set, d *dsl.Dataset) float64 {
	if s.Op == dsl.SetSplit {
		switch {
		case s.Dataset != d:
			return 0
		case s.Name == "train":
			return d.Split.Train
		}
		return 1 - d.Split.Train
	}
	if s.Dataset == d && (s.Op == dsl.SetPrompts || s.Op == dsl.SetSide) { // all of its prompts, or responses
		return 1
	}
	share := 0.0
	for _, m := range s.Of {
		share += shareOf(m, d)
	}
	return min(share, 1)
}

func expectedRows(s *dsl.Set, d *dsl.Dataset) (float64, bool) {
	if s.Op == dsl.SetSplit && s.Dataset == d {
		n, ok := d.Expect[s.Name]
		return float64(n), ok
	}
	return 0, false
}

// countedSet evaluates the set where its data sets' artifacts are there.
func (c *compiler) countedSet(in dataInputs, s *dsl.Set) (volume, bool) {
	e, ok := c.stored(in.inputs(false))
	if !ok {
		return volume{}, false
	}
	w, err := in.textsOnly().open(e)
	if err != nil {
		return volume{}, false
	}
	defer w.Close()
	rows, err := w.setRows(s)
	if err != nil {
		return volume{}, false
	}
	sum := volume{exact: true}
	for k, d := range in {
		own := map[int64]bool{}
		for _, r := range rows {
			if r.data == k {
				own[int64(r.row)] = true
			}
		}
		v, ok := c.counted(d.tokens, own)
		if !ok {
			return volume{}, false
		}
		sum.prompt += v.rows * v.prompt
		sum.response += v.rows * v.sides * v.response
		sum.sides += v.rows * v.sides
		sum.rows += v.rows
		sum.once.responses += v.once.responses
		sum.once.promptTokens += v.once.promptTokens
		sum.once.responseTokens += v.once.responseTokens
	}
	if sum.rows > 0 {
		sum.prompt, sum.response, sum.sides = sum.prompt/sum.rows, sum.response/max(sum.sides, 1), sum.sides/sum.rows
	}
	if s.Kind == dsl.ResponseSet {
		texts, err := w.responses(s, false)
		if err != nil {
			return volume{}, false
		}
		sum.texts = float64(len(texts))
	}
	return sum, true
}

// setRows are the rows of a set, or those behind its responses or prompts.
func (w *world) setRows(s *dsl.Set) ([]rowRef, error) {
	switch s.Kind {
	case dsl.ResponseSet:
		return w.rowsBehind(s)
	case dsl.PromptSet:
		return w.prompts(s)
	}
	return w.rows(s)
}
