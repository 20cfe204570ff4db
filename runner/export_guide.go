// The guide of an export: README.md, which says what the folder is and what to send, and serve.py, which does it.
package runner

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/prlhf/prlhf/torch/lm"
)

//go:embed serve
var serveFiles embed.FS

var guide = template.Must(template.ParseFS(serveFiles, "serve/README.md.tmpl"))

// guideFacts are what README.md says.
type guideFacts struct {
	Addr, Format, Kind string
	Users, Base        string // sentences, or ""
	Tokens             int    // T_u of users that are tokens
	Begin, Example     string
	Text, Quiet        string
	Probability        string
	Places, Texts      int
	Vectors            string
	ServeUser          string
	Difference         string
	Reward, Adapter    bool
	Explicit           bool
	Asked              string // what stands where the prompt is
}

// quietWords tell how added tokens are kept from being written.
var quietWords = map[string]string{
	lm.QuietBias: "their output bias is -10000.",
	lm.QuietNorm: "their output row lies along the direction in which the last LayerNorm is constant, and has the logit -1000 at every place.",
	lm.QuietChannel: "the model has %d more channels than the policy's (`hidden_size` %d instead of %d), of which one is constant and " +
		"feeds nothing but their output row.",
}

func (x *export) writeGuide(dir string, special specialIDs) error {
	facts, err := x.facts(special)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := guide.Execute(&text, facts); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte(text.String()), 0o644); err != nil {
		return err
	}
	script := "vectors.py"
	switch {
	case x.rewards():
		script = "reward.py"
	case facts.Tokens > 0:
		script = "tokens.py"
	}
	data, err := serveFiles.ReadFile("serve/" + script)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "serve.py"), data, 0o644)
}

func (x *export) facts(special specialIDs) (guideFacts, error) {
	f := guideFacts{Addr: x.addr, Format: x.Format, Kind: "A language model", Reward: x.rewards(), ServeUser: `""`,
		Asked: x.asked(), Explicit: explicit(x.stage.spec.UserModel), Adapter: x.Format == FormatPEFT && x.stage.spec.LoRA.Rank > 0}
	if f.Reward {
		f.Kind = "A reward model"
	}
	if n := len(x.chosen); n > 0 {
		f.Users = fmt.Sprintf("\nIt has %d users and the generic user, who stands for everybody else.\n", n)
		f.ServeUser = fmt.Sprintf("%q", x.users[x.chosen[0]-1].ID)
	} else if x.stage.spec.UserModel == nil || x.stage.spec.UserModel.Tokens == 0 {
		f.Users = "\nIt serves everybody alike: there is no user model.\n"
	}
	if x.Format == FormatPEFT {
		f.Base = fmt.Sprintf("`%s`, as the spec has it.", x.baseName())
		if x.ownBase() {
			f.Base = "the folder `base/`, since no other program has it."
		}
	}
	if x.done.Model != nil && x.done.Model.Responses > 0 {
		f.Texts = x.done.Model.Responses
		f.Difference = fmt.Sprintf("%s differ from the policy's by at most %.2g.", map[bool]string{false: "log-probs of responses", true: "rewards"}[f.Reward], x.done.Model.Difference)
	}
	switch {
	case x.done.Model != nil && x.done.Model.Added > 0:
		return f, x.tokenFacts(&f, special)
	case x.tokens() > 0:
		f.Vectors = "soft prompt, which stands among the input embeddings behind BOS."
	case x.stage.spec.UserModel != nil && x.stage.spec.UserModel.Tokens > 0:
		f.Vectors = "head, which takes the place of `score`."
	}
	return f, nil
}

func (x *export) tokenFacts(f *guideFacts, special specialIDs) error {
	tok, err := x.policy.origin.tokenizer.load(x.env)
	if err != nil {
		return err
	}
	m := x.done.Model
	begin, bos := x.begin(tok, special)
	shown := x.names[0]
	if len(x.chosen) > 0 {
		shown = x.names[x.chosen[0]]
	}
	f.Tokens, f.Begin = x.tokens(), begin
	for t := range f.Tokens {
		f.Example += fmt.Sprintf("<|user_%s_%d|>", shown, t)
	}
	switch {
	case len(bos) == 0:
		f.Text = "The tokenizer has no BOS."
	case begin == "":
		f.Text = "The tokenizer puts BOS in front itself (add_special_tokens)."
	default:
		f.Text = "The tokenizer does not put BOS in front: it is in the text above, to be sent with add_special_tokens false."
	}
	if c := x.done.SameText; c.Same < c.Prompts {
		f.Text += fmt.Sprintf("\n\n**Send ids, not text:** read as one text, %d of %d prompts are other tokens than those that the policy was trained on.", c.Prompts-c.Same, c.Prompts)
	}
	f.Quiet = quietWords[m.Quiet]
	if m.Quiet == lm.QuietChannel {
		f.Quiet = fmt.Sprintf(f.Quiet, m.Width-m.WidthBefore, m.Width, m.WidthBefore)
	}
	f.Probability, f.Places = fmt.Sprintf("%.2g", m.Probability), m.Places
	return nil
}
