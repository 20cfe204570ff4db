// Package runner compiles a Spec to a Plan of stages and applies it: the only place where Arrow rows meet torch batches
// and report tables.
//
// Read plan.go for the nouns, compile.go for how blocks become nodes, apply.go for the scheduler, stage_*.go for what
// each kind of stage does.
package runner

import (
	"context"
	"io"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/runner/store"
	"github.com/prlhf/prlhf/torch"
)

// Plan is every stage of a spec in an order in which inputs come first.
type Plan struct {
	Spec  *dsl.Spec
	Nodes []*Node
	// Missing is what the nodes read and what is not there. Such a plan has fingerprints that no artifact can have; Apply
	// refuses it.
	Missing []Missing

	results  map[any]*Node      // *dsl.Dataset, *dsl.Train, *dsl.Accuracy, *dsl.Generate, *dsl.Adapt: the node with its result.json
	meetings map[dsl.Addr]*Node // what win rates that meet say together, by the address of each
	ofAddr   map[string][]*Node
}

// Node is one stage with its place in the graph.
type Node struct {
	ID          string // kind and what it works on, unique in the plan: "tokenize dataset.posts for model.tiny"
	Addr        string // block instance that it was compiled for first: train.dpo["vanilla"]
	Kind        string // synthesize import split tokenizer init merge tokenize reference train runs users score accuracy generate rank words adapt adapted report
	Range       hcl.Range
	Stage       Stage
	Inputs      []*Node
	Fingerprint store.Fingerprint
	Action      Action
	Why         string // for Changed: which line of the description differs from the last artifact of this ID, old and new
	Estimate    Estimate
}

// Stage is the work of one node.
type Stage interface {
	// Describe writes everything that can change the result, one "name: value" line each; it is what is hashed.
	Describe(w io.Writer)
	// Run fills env.Dir; what it leaves there becomes the artifact.
	Run(ctx context.Context, env *Env) error
}

// Action says what apply will do with a node.
type Action string

// Actions of a plan.
const (
	Reuse   Action = "reuse"   // a whole artifact with this fingerprint is in the store
	Create  Action = "create"  // nothing like it was made before
	Changed Action = "changed" // an artifact of the same ID exists with another fingerprint
)

// Estimate is what a node is expected to cost; zero fields are unknown or do not apply.
type Estimate struct {
	Rows, Tokens             int64
	UserModel, Adapter, Base int64   // trainable parameters
	FLOPs                    float64 // arithmetic of the whole stage
	PeakBytes                int64   // on the device of the options, with the process itself on a CPU
	GPUBytes                 int64   // the same on a GPU
	BF16                     bool    // the arithmetic is in bf16
	Exact                    bool    // counted from artifacts in the store, not guessed
	Note                     string
	Calls                    *Calls // nil: no server is asked
}

// Calls is what judges behind servers will be asked in a stage. Tokens are reckoned at four bytes each.
type Calls struct {
	Requests  int64 // still to be sent
	Kept      int64 // answered already; not asked again
	TokensIn  int64
	TokensOut int64   // at most: every answer as long as max_answer_tokens
	USD       float64 // at most; NaN where a judge has no price
	Exact     bool    // the requests are counted from texts in the store
}

// Options steer Compile and Apply; none of them changes a result, but Device and its threads.
type Options struct {
	Device   torch.Device
	Out      string   // reports go to Out/NAME/report.{md,html,json}
	Targets  []string // addresses; empty: everything
	Parallel int      // stages at once that compute with libtorch, and as many others; 1 or more
	Memory   int64    // bytes that several stages may take together that compute
	Log      Logger
	Events   func(Event) // called from one goroutine at a time
}

// Logger receives diagnostics; *zerolog.Logger behind a small adapter in cmd.
type Logger interface {
	Log(level, message string, fields map[string]any)
}

// EventKind says what happened to a node.
type EventKind string

// Kinds of events.
const (
	Started  EventKind = "started"
	Advanced EventKind = "progress"
	Reused   EventKind = "reused"
	Waiting  EventKind = "waiting" // another process builds this artifact
	Finished EventKind = "finished"
	Failed   EventKind = "failed"
	Skipped  EventKind = "skipped" // an input failed
	Said     EventKind = "note"    // something a user should read; Note has it
)

// Event tells progress.
type Event struct {
	Kind        EventKind
	Node        *Node
	Done, Total int64
	Unit        string // rows, steps, tokens, texts
	Note        string // what is said; of an advance: what it has cost so far, or nothing
	Elapsed     time.Duration
	Err         error
}

// Result is what an apply ended with.
type Result struct {
	Reports []ReportFiles
	Claims  []ClaimOutcome
	Failed  []*Node // stages that failed; empty on success
}

// ReportFiles are the paths that a report was written to.
type ReportFiles struct{ Name, Markdown, HTML, JSON string }

// ClaimOutcome is a checked claim.
type ClaimOutcome struct {
	Addr, Text, Note, Values string
	Holds                    bool
	Err                      string
	Seeds, SeedsHold         int // seeds that it was checked on one by one, 0 if it was not; on how many it holds
}
