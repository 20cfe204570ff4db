// Package dsl is the spec language: HCL text in, a resolved and validated Spec out, or diagnostics with source ranges.
//
// It knows nothing about files of data, stages or tensors. Read spec.go for what a spec becomes, sets.go for lazy sets
// of rows, prompts, responses and users, claim.go for the one kind of expression that is evaluated after a run. To see
// how text becomes a Spec, start at load.go, then evaluator.go; schema.go has the language as tables,
// and reference.go describes the language to people.
package dsl

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Addr names one block instance: train.dpo["vanilla"], or dataset.posts when the block has no for_each.
type Addr struct {
	Type, Name string
	Key        string // instance key; meaningful when HasKey
	HasKey     bool
}

// Block is what every instance carries: its address and where its parts were written, for diagnostics of later phases.
type Block struct {
	Addr     Addr
	Declared hcl.Range            // the block's header
	Attrs    map[string]hcl.Range // attribute (also "optimizer.lr" for keys of object literals) -> range of its value
}

// Range returns where attr was written, or the block's header when it was not.
func (b *Block) Range(attr string) hcl.Range {
	if r, ok := b.Attrs[attr]; ok {
		return r
	}
	return b.Declared
}

// Spec is everything that a set of files declares, references resolved to pointers, defaults filled in, in the order
// written (for_each instances in the order of their keys).
type Spec struct {
	Name    string   // name of the first file without its suffix
	Paths   []string // files that were read, includes too, as the user wrote them
	Synths  []*Synthetic
	Data    []*Dataset
	Models  []*Model
	Trains  []*Train
	Scores  []*Accuracy
	Gens    []*Generate
	Adapts  []*Adapt
	Judges  []*Judge
	Wins    []*WinRate
	Agrees  []*Agreement
	Claims  []*Claim
	Reports []*Report

	Named []NamedUser // users chosen by id, perhaps more than once

	sources map[string]*hcl.File
}

// NamedUser is a user whom the spec chooses by id, and where. Whether the data has such a user is known when it was split.
type NamedUser struct {
	User *Set
	At   hcl.Range
}

// Synthetic makes files up in a known format.
type Synthetic struct {
	Block
	Format               string // tldr psoups prism prompts
	Users, Comparisons   int
	Prompts, Votes       int
	Cyclic               bool
	Seed                 int64
	PromptsSet, VotesSet bool // whether the spec gave them
}

// Dataset reads comparisons.
type Dataset struct {
	Block
	Format          string // tldr psoups prism jsonl parquet csv prompts responses
	Source          string // path as resolved against the file that wrote it; "" when Synthetic is set
	Synthetic       *Synthetic
	Columns         map[string]string // our column -> theirs
	Unpaired        bool              // one response a row, liked or not: Columns names response or label
	Split           Split
	Pairs           string           // prism: turn all
	Simulate        []SimulatedGroup // in the order written; empty: recorded choices
	Draw            string           // quota, numpy
	Seed            int64
	GroupBy         *RowExpr         // nil: the format's
	UserText        *RowExpr         // nil: the format's
	MaxPromptTokens int              // 0: no limit
	MaxTokens       int              // 0: no limit
	Expect          map[string]int64 // what plan reckons with while the files are absent
	Get             string           // how to get the files, told when they are absent
	Overlong        string           // cut_left cut_right drop refuse
	BadRows         string           // refuse drop
	ShuffleUsers    bool
	Paper           Value
}

// Split says which comparisons train and who is seen. The users seen are chosen whoever made the split.
type Split struct {
	Own       bool    // the data set's own split of comparisons where it has one; Train and By apply where it has none
	Train     float64 // share of comparisons trained on
	By        string  // prompt, row, conversation
	SeenShare float64 // share of users seen; 1 by default
	SeenTop   int     // n users with most training comparisons; 0: not used
	Seed      int64
}

// SimulatedGroup replaces recorded choices of a share of the users.
type SimulatedGroup struct {
	Name    string
	Share   float64
	Prefers string // longer, shorter
	Noise   float64
}

// RowExpr is an expression evaluated once per row.
type RowExpr struct {
	Source       string // as written, with the values it takes from the spec, canonical: part of fingerprints
	ReadsUser    bool   // whether it depends on the user
	ReadsChoices bool   // whether on what the user chose in training
	expr         hclsyntax.Expression
	ev           *evaluator
	each         *eachValue
}

// Model is a Hugging Face folder, or a model from nothing.
type Model struct {
	Block
	Source       string // folder; "" when From, Init or Merge is set
	From         Policy // source = model.M or train.T: that policy's folder
	Init         *Init
	Merge        []Policy // two or more: the weights are the mean of theirs
	ChatTemplate string   // own tulu llama3 none
	Precision    string   // fp32 bf16
	Prompt       *RowExpr
	Expect       *Shape
	Get          string // how to get the folder, told when it is absent
}

// Shape is the shape of a decoder.
type Shape struct {
	Family                                    string
	Layers, Width, Heads, Vocabulary, Context int
	KVHeads                                   int // heads of keys and values; 0: as many as Heads
	Inner                                     int // width of the feed-forward layer; 0: the family's usual multiple of Width
}

// Init is a model from nothing; its tokenizer is trained on Texts.
type Init struct {
	Shape
	Texts *Set // rows
	Seed  int64
}

// Policy is what can write: *Model, *Train or *Adapt.
type Policy interface {
	PolicyAddr() Addr
}

// UserModel is f_im (design.md section 2). A nil *UserModel is vanilla.
type UserModel struct {
	Kind      string // uniform individualized cluster
	Tokens    int
	Clusters  int
	Weights   string // softmax free given
	Shared    bool
	Explicit  bool
	As        string // soft_prompt linear_head
	Start     string // vocabulary uniform zeros text
	StartText string
	Sparse    bool
}

// Objective is the base loss and how it is personalised.
type Objective struct {
	Kind              string // sft dpo ipo hinge simpo orpo cpo kto reward rloo grpo ppo
	Alpha, Beta       float64
	LabelSmoothing    float64
	Robust            bool
	Normalize         string  // ipo: sum length
	Gamma             float64 // simpo
	Lambda            float64 // cpo, orpo
	LambdaChosen      float64 // kto
	LambdaRejected    float64 // kto
	WorstGroup        float64 // step size with which groups of higher loss gain weight; 0: none
	ReferenceUserText bool
	GenericKeepsText  bool
	RL                *RL // rloo grpo ppo
}

// RL is how a policy is optimised against a reward.
type RL struct {
	Reward   *Train // its objective is reward
	Samples  int    // texts per prompt
	Sampling Sampling
	Clip     float64 // of the probability ratio
	Passes   int     // optimizer steps per batch of texts
	KLTarget float64 // nats per text; 0: beta is fixed
}

// Optimizer is AdamW and its schedule.
type Optimizer struct {
	LR, WeightDecay, MaxGradNorm, UserLR, UserWeightDecay float64
	Schedule                                              string // cosine linear constant
	WarmupSteps                                           int
	StopNorm                                              float64 // norm of the gradient over all rows at which training ends; 0: never
}

// LoRA names the adapted projections. A nil *LoRA means all weights; Rank 0 the user model only.
type LoRA struct {
	Rank           int
	Alpha, Dropout float64
	Targets        []string
}

// Evaluate asks for curves during training.
type Evaluate struct {
	Data  *Set // rows
	Every int
}

// Train fits a policy.
type Train struct {
	Block
	Base      Policy
	Data      *Set // rows; or responses for sft, prompts for rloo, grpo and ppo
	UserModel *UserModel
	Objective Objective
	Epochs    float64 // one of Epochs, Steps is > 0
	Steps     int
	BatchSize int
	Optimizer Optimizer
	LoRA      *LoRA
	Evaluate  *Evaluate
	Keep      string // last best
	Seeds     []int64
}

// Accuracy is a share of comparisons ranked right.
type Accuracy struct {
	Block
	Policy Policy // a reward model where the spec says reward
	Data   *Set   // rows
	Paper  Value
}

// Sampling is how tokens are drawn.
type Sampling struct {
	Temperature, TopP, MinP    float64
	TopK                       int
	MinNewTokens, MaxNewTokens int
	RepetitionPenalty          float64
	NoRepeatNgram              int
	Stop                       []string
}

// Generate writes texts.
type Generate struct {
	Block
	Policy   Policy
	Prompts  *Set // prompts or rows
	Users    *Set // users; nil with rows
	Sampling Sampling
	Samples  int
	Reward   *Train // scores each text; nil: none
	BestOf   int    // texts drawn for each that is kept
	Seed     int64
	Paper    Value
}

// Adapt fits users who were not in training to a frozen policy.
type Adapt struct {
	Block
	Policy      *Train
	Fit, Data   *Set  // rows; comparisons to fit on, and to score on
	Comparisons []int // per new user, taken from Fit
	Steps       int
	LR          float64
	Seed        int64
	Paper       Value
}

// Judge says which of two responses a user prefers.
type Judge struct {
	Block
	Kind            string // openai rule reward replay panel
	Model           string // openai
	BaseURL         string
	KeyEnv          string // name of the variable that holds the key
	Temperature     float64
	MaxAnswerTokens int
	Template        string // alpacafarm role_play; "" with TemplateFile
	TemplateFile    string
	Price           *Price // nil: unknown
	Budget          Budget
	Limits          Limits
	MaxFailed       float64 // share of unusable verdicts that fails a stage
	Prefers         string  // rule: simulated longer shorter plainer; "" with Pattern
	Pattern         string
	Reward          *Train
	Verdicts        string // replay: path
	Members         []*Judge
	Order           string // both random
	Seed            int64
}

// Price is in USD per million tokens.
type Price struct{ Input, Output float64 }

// Budget is what a judge may use in all; 0 is no limit.
type Budget struct {
	Requests, Tokens int
	USD              float64
}

// Limits are those of a server; 0 is none.
type Limits struct{ RequestsPerMinute, TokensPerMinute, Concurrent int }

// WinRate compares the responses of two methods.
type WinRate struct {
	Block
	Candidate, Baseline *Set // responses
	Judge               *Judge
	Ties                string // exclude loss half both
	Rule                string // paper notebook: of the rates per user and, notebook, per sample
	Paper               Value
}

// Agreement compares a judge with the users' own choices.
type Agreement struct {
	Block
	Judge *Judge
	Data  *Set // rows
	Paper Value
}

// Report is what people read.
type Report struct {
	Block
	Title     string
	Show      []Shown
	Sections  []Section
	Samples   int
	Users     string // index id
	UserTexts bool
	Tolerance Tolerance
}

// Section is a heading with what it shows: a table of methods, then blocks.
type Section struct {
	Heading string
	Methods []Method
	Show    []Shown
	Text    string
}

// Method is a row of a table of methods: something that serves users, by what was measured of it.
type Method struct {
	Name     string
	Measured []any // *Accuracy *Generate *WinRate
}

// Shown is one block in a show list: all its instances, or some, in order.
type Shown struct {
	Block string // accuracy.test; of responses of a data set, their text
	Items []any  // *Dataset *Accuracy *Generate *Train *Adapt *WinRate *Agreement of that block; or one *Set of responses
}

// PolicyAddr implements Policy.
func (m *Model) PolicyAddr() Addr { return m.Addr }

// PolicyAddr implements Policy.
func (t *Train) PolicyAddr() Addr { return t.Addr }

// PolicyAddr implements Policy.
func (a *Adapt) PolicyAddr() Addr { return a.Addr }

// Value is a plain result or paper value: nil, bool, float64, string, Estimate, []Value or map[string]Value.
type Value any

// Estimate is a number with its uncertainty (language/README section 2). Low and High bound the 95 % interval; Mean, SE
// and N are over users, Median over the single items. Fields that do not apply are NaN.
type Estimate struct {
	Mean, SE, Low, High, Median, SDRuns float64
	N                                   int
}
