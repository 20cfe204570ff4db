// What an export has beside weights: texts to measure on, the tokenizer with users' tokens, the adapter, and the guide.
package runner

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

const (
	baseFolder = "base"
	scoreFile  = "score.safetensors"
	usersNote  = "users.json"

	leastTexts = 64  // to measure on, where the data has so many
	mostTexts  = 256 // of many users
)

// texts are rows of the policy's data sets, test rows first, for user 0 and the exported users in turn.
func (x *export) texts(special specialIDs) (*examples, *world, error) {
	data := x.stage.data.withIDs()
	w, err := data.open(x.env)
	if err != nil {
		return nil, nil, err
	}
	rows, err := x.measured(w)
	if err == nil && explicit(x.stage.spec.UserModel) {
		err = w.readTexts(x.env, x.policy.origin.tokenizer)
	}
	if err != nil {
		w.Close()
		return nil, nil, err
	}
	out := &examples{world: w, end: special.end, texts: explicit(x.stage.spec.UserModel)}
	users := append([]int32{0}, x.chosen...)
	for i, r := range rows {
		out.items = append(out.items, item{r, bothSides, users[i%len(users)]})
	}
	return out, w, nil
}

// measured chooses the rows: as many as there are users, within bounds; of distinct prompts while there are any.
func (x *export) measured(w *world) ([]rowRef, error) {
	n := min(max(leastTexts, len(x.chosen)+1), mostTexts)
	var pools [2][]rowRef
	for _, d := range w.sets {
		pools[0] = append(pools[0], w.split(d, arrowio.Test)...)
		pools[1] = append(pools[1], w.split(d, arrowio.Train)...)
	}
	var out []rowRef
	met := map[textKey]bool{}
	for _, again := range []bool{false, true} {
		for _, pool := range pools {
			kept, _ := w.kept(pool)
			for _, r := range sample(kept, len(kept), 0, w.rowKey) {
				key := w.promptKey(r)
				if len(out) == n || met[key] != again || again && slices.Contains(out, r) {
					continue
				}
				fits, err := x.fits(w, r)
				if err != nil {
					return nil, err
				}
				if fits {
					met[key] = true
					out = append(out, r)
				}
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no row of the data fits the model's positions, so nothing can be measured")
	}
	return out, nil
}

// fits tells whether a row with its soft prompt and any user's text has no more tokens than the model has positions.
func (x *export) fits(w *world, r rowRef) (bool, error) {
	row, _, err := w.ids(r)
	if err != nil || !x.policy.origin.known {
		return err == nil, err
	}
	n := 2 + x.tokens() + len(row.Prompt) + max(len(row.Chosen), len(row.Rejected))
	if explicit(x.stage.spec.UserModel) {
		n += len(row.UserText)
	}
	return n <= x.policy.origin.config.Context, nil
}

// ownBase tells whether the model below the adapter is written beside it: it is not a folder that the user has.
func (x *export) ownBase() bool {
	before := policy{origin: x.policy.origin, chain: x.policy.chain[:len(x.policy.chain)-1]}
	return x.policy.origin.init != nil || len(before.base(x.env).Adapters) > 0 || before.base(x.env).Model != x.policy.origin.folder
}

// baseName is how a PEFT export names the model below.
func (x *export) baseName() string {
	switch {
	case x.Format != FormatPEFT:
		return ""
	case x.ownBase():
		return baseFolder
	}
	if path, err := filepath.Abs(x.policy.origin.folder); err == nil {
		return path
	}
	return x.policy.origin.folder
}

// copyAdapter copies the adapter, which names the model below; at rank 0 there is none. A head that was trained without
// an adapter has a file of its own.
func (x *export) copyAdapter(dir string) error {
	if x.stage.spec.LoRA.Rank == 0 {
		if _, err := os.Stat(x.env.Path(x.run, scoreFile)); err != nil {
			return nil
		}
		return copyFile(x.env.Path(x.run, scoreFile), filepath.Join(dir, scoreFile))
	}
	from := x.env.Path(x.run, adapterFolder)
	if err := copyFile(filepath.Join(from, "adapter_model.safetensors"), filepath.Join(dir, "adapter_model.safetensors")); err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(from, "adapter_config.json"))
	if err != nil {
		return err
	}
	config := map[string]any{}
	if err := json.Unmarshal(data, &config); err != nil {
		return fmt.Errorf("%s: adapter_config.json: %w", from, err)
	}
	config["base_model_name_or_path"] = x.baseName()
	return writeJSONFile(filepath.Join(dir, "adapter_config.json"), config)
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// writeTokenizer writes the tokenizer, with a token for each vector of each user where users are tokens.
func (x *export) writeTokenizer(dir string, special specialIDs) error {
	model := x.done.Model
	if model == nil || model.Added == 0 {
		if err := copyTokenizer(x.policy.origin.tokenizer.dir(x.env), dir); err != nil {
			return err
		}
		if err := x.writeTemplate(dir); err != nil {
			return err
		}
		if x.Format == FormatPEFT && x.ownBase() {
			return copyTokenizer(dir, filepath.Join(dir, baseFolder))
		}
		return nil
	}
	tok, err := x.policy.origin.tokenizer.load(x.env)
	if err != nil {
		return err
	}
	note, err := x.addTokens(tok, model.FirstToken)
	if err != nil {
		return err
	}
	if err := tok.Save(dir); err != nil {
		return err
	}
	if err := x.writeTemplate(dir); err != nil {
		return err
	}
	if x.done.SameText, err = x.compareTexts(tok, special, note); err != nil {
		return err
	}
	return writeJSONFile(filepath.Join(dir, usersNote), note)
}

// exportedUser is an entry of users.json.
type exportedUser struct {
	ID    *string `json:"id"` // null: the generic user
	Index int32   `json:"index"`
	Text  string  `json:"tokens"` // what stands before the prompt
	IDs   []int32 `json:"token_ids"`
}

// addTokens gives the tokenizer the tokens whose vectors follow the model's first rows. Rows that the model has beyond the
// tokenizer's tokens get names too, since a tokenizer numbers its tokens without gaps.
func (x *export) addTokens(tok *tokenizer.Tokenizer, first int) ([]exportedUser, error) {
	next := int(tok.NextID())
	if next > first {
		return nil, fmt.Errorf("the tokenizer has %d tokens and the model %d; a model has at least as many", next, first)
	}
	var tokens []string
	for id := next; id < first; id++ {
		tokens = append(tokens, fmt.Sprintf("<|unused_%d|>", id))
	}
	var note []exportedUser
	at := int32(first)
	for _, index := range append([]int32{0}, x.chosen...) {
		u := exportedUser{Index: index}
		if index > 0 {
			u.ID = &x.users[index-1].ID
		}
		for t := range x.tokens() {
			token := fmt.Sprintf("<|user_%s_%d|>", x.names[index], t)
			tokens, u.Text, u.IDs = append(tokens, token), u.Text+token, append(u.IDs, at)
			at++
		}
		note = append(note, u)
	}
	ids := tok.AddSpecials(tokens)
	for i, id := range ids {
		if int(id) != next+i {
			return nil, fmt.Errorf("the tokenizer has a token %s already, which the export would add", tokens[i])
		}
	}
	return note, nil
}

// compareTexts tokenizes prompts as an engine does that is sent one text.
func (x *export) compareTexts(tok *tokenizer.Tokenizer, special specialIDs, users []exportedUser) (*TextCheck, error) {
	w, err := x.stage.data.withIDs().open(x.env)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	rows, err := x.measured(w)
	if err != nil {
		return nil, err
	}
	before, bos := x.begin(tok, special)
	check := &TextCheck{}
	for i, r := range rows {
		c, err := w.comparison(r)
		if err != nil {
			return nil, err
		}
		u := users[i%len(users)]
		how := x.policy.origin.how // by nobody's name: nothing is trained on what users are told apart by
		ids, err := how.encode(tok, c, nil)
		if err != nil {
			return nil, err
		}
		text, err := how.asText(tok, c, nil)
		if err != nil {
			return nil, err
		}
		want := append(append(bos, u.IDs...), ids...)
		check.Prompts++
		if slices.Equal(tok.Encode(before+u.Text+text, before == ""), want) {
			check.Same++
		}
	}
	return check, nil
}

// begin is what a text must begin with so that BOS stands in front: nothing where the tokenizer puts it there itself.
func (x *export) begin(tok *tokenizer.Tokenizer, special specialIDs) (text string, bos []int32) {
	if special.bos < 0 {
		return "", nil
	}
	bos = []int32{special.bos}
	if slices.Equal(tok.Encode("", true), bos) {
		return "", bos
	}
	text, _ = tok.Token(special.bos)
	return text, bos
}
