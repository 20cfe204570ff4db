//go:build libtorch

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// expected is expected.json: what the authors' code gave for one user model and adapter on one batch.
type expected struct {
	Variant struct {
		UserModel   string `json:"user_model"`
		AddGeneric  bool   `json:"add_generic_user"`
		Tokens      int    `json:"n_user_tokens"`
		IsReference bool   `json:"is_reference"` // no soft prompt: the authors' baseline
		UserText    bool   `json:"add_textual_info"`
	} `json:"variant"`
	Users    int  `json:"n_users"`
	Clusters *int `json:"n_clusters"`

	PolicyChosen      []float64      `json:"policy_chosen_logps"`
	PolicyRejected    []float64      `json:"policy_rejected_logps"`
	ReferenceChosen   []float64      `json:"reference_chosen_logps"`
	ReferenceRejected []float64      `json:"reference_rejected_logps"`
	Row0              []float64      `json:"row0_chosen_token_logps"`
	NLL               float64        `json:"nll_loss"`
	LossCases         []lossCase     `json:"loss_cases"`
	Gradients         []gradientCase `json:"gradients"`
	AdamW             []adamwCase    `json:"adamw"`
	Generation        []textCase     `json:"generation"`
}

// experiment is one variant with its batch and adapter, in our form.
type experiment struct {
	expected
	dir, model string // of the variant; the Hugging Face folder
	batch      batch
	rows       []row
	adapter    adapter
	shape      lm.Config
	place      place
	policy     string // our policy folder, written from the authors' adapter
}

// checkVariant runs all checks of one variant.
func checkVariant(dir, name string, p place, tell func(line)) {
	x := &experiment{dir: dir, model: filepath.Join(dir, "..", "..", "model"), place: p}
	temp, err := os.MkdirTemp("", "parity-")
	if err == nil {
		defer os.RemoveAll(temp)
		err = x.load(temp)
	}
	if err != nil {
		tell(lineOf(name, "all", func(*comparison) error { return err }))
		return
	}
	for _, check := range []struct {
		name string
		run  func(*comparison) error
	}{
		{"user prompts", x.checkPrompts}, {"log-probs", x.checkLogps}, {"losses", x.checkLosses},
		{"gradients", x.checkGradients}, {"AdamW", x.checkAdamW}, {"greedy", x.checkGreedy}, {"constrained generation", x.checkConstrained}, {"sampled", x.checkSampled},
	} {
		if check.name == "user prompts" && x.Variant.IsReference {
			continue // there are none
		}
		if check.name == "constrained generation" && len(x.modes()) == 1 {
			continue // recorded is the plain text alone
		}
		tell(lineOf(name, check.name, check.run))
	}
	x.tellMissing(name, tell)
}

func (x *experiment) load(temp string) (err error) {
	if err := readJSON(filepath.Join(x.dir, "expected.json"), &x.expected); err != nil {
		return err
	}
	_, suffix, _ := strings.Cut(filepath.Base(x.dir), "_T")
	if err := readJSON(filepath.Join(x.dir, "..", "batch_T"+suffix+".json"), &x.batch); err != nil {
		return err
	}
	if x.rows, err = x.batch.rows(); err != nil {
		return err
	}
	if n := len(x.rows); n == 0 || len(x.PolicyChosen) != n || len(x.PolicyRejected) != n || len(x.ReferenceChosen) != n || len(x.ReferenceRejected) != n {
		return fmt.Errorf("%d rows in the batch, %d in expected.json", n, len(x.PolicyChosen))
	}
	if x.Variant.UserText {
		if err := x.batch.findTexts(x.rows); err != nil {
			return err
		}
	}
	if x.shape, err = lm.ReadConfig(x.model); err != nil {
		return err
	}
	if x.adapter, err = readAdapter(filepath.Join(x.dir, "adapter")); err != nil {
		return err
	}
	x.policy = temp
	return x.adapter.writePolicy(temp, x.userModel(), x.Users)
}

// userModel is the variant's user model in our words; none for the baseline.
func (x *experiment) userModel() usermodel.Config {
	c := usermodel.Config{Kind: "individualized", Tokens: x.Variant.Tokens, Shared: x.Variant.AddGeneric, Start: "zeros"}
	switch {
	case x.Variant.IsReference:
		return usermodel.Config{}
	case x.Variant.UserModel == "cluster":
		c = usermodel.Config{Kind: "cluster", Tokens: x.Variant.Tokens, Clusters: *x.Clusters, Weights: "softmax", Start: "zeros"}
	}
	return c
}

func (x *experiment) inputs(policy torch.PolicyFiles) torch.Inputs {
	return torch.Inputs{Policy: policy, Device: x.place.device, Precision: "fp32", BOS: x.rows[0].bos}
}

// offset is where the authors' positions start: they put the identifier's place, less the soft prompt, on the left. It
// changes learned positions only; rotary ones see distances.
func (x *experiment) offset(separator, soft int) int64 {
	if x.shape.Rotary > 0 {
		return 0
	}
	return int64(separator - soft)
}

// examples are the batch's rows; without users as the reference sees them.
func (x *experiment) examples(users bool) examples {
	var out examples
	soft := x.userModel().Tokens
	for i, r := range x.rows {
		e := torch.Example{Row: int64(i), User: x.batch.UserIDs[i], UserText: r.text, Prompt: r.prompt, Responses: r.responses, Offset: x.offset(r.separator, soft)}
		if !users {
			e.User, e.Offset = torch.NoUser, x.offset(r.separator, 0)
		}
		out = append(out, e)
	}
	return out
}

// examples are rows in memory.
type examples []torch.Example

func (e examples) Len() int                        { return len(e) }
func (e examples) At(i int) (torch.Example, error) { return e[i], nil }

// kinds counts the rows of known users and of user 0.
func (x *experiment) kinds() (known, generic int) {
	for _, u := range x.batch.UserIDs {
		if u != 0 {
			known++
		}
	}
	return known, len(x.batch.UserIDs) - known
}

// batchMean is the authors' loss of a batch: alpha times the mean over rows of known users plus 1 - alpha times the mean
// over user-0 rows.
func (x *experiment) batchMean(alpha float64, losses []float64) float64 {
	sum := 0.0
	for i, w := range x.weights(alpha) {
		sum += w * losses[i]
	}
	return sum / float64(len(losses))
}

// weights are the factors that make a plain mean over rows the authors' loss of a batch.
func (x *experiment) weights(alpha float64) []float64 {
	known, generic := x.kinds()
	out := make([]float64, len(x.rows))
	for i, u := range x.batch.UserIDs {
		if u != 0 {
			out[i] = alpha * float64(len(out)) / float64(known)
		} else {
			out[i] = (1 - alpha) * float64(len(out)) / float64(generic)
		}
	}
	return out
}

// tellMissing names what is recorded and not compared.
func (x *experiment) tellMissing(name string, tell func(line)) {
	var types []string
	for _, c := range x.LossCases {
		if _, ok := c.objective(); !ok {
			types = append(types, c.LossType)
		}
	}
	if len(types) > 0 {
		tell(line{fixture: name, check: "losses", status: notOffered, detail: strings.Join(types, " ") + ": prlhf has no losses that sort the rows of a batch, whoever their users are"})
	}
	tell(line{fixture: name, check: "authors' ways", status: notOffered, detail: "start values from numpy's and torch's generators, and losses of micro-batches of one row or one kind: prlhf draws its own and follows the paper"})
}
