// Apply runs a plan: a node starts when the count of its unfinished inputs is zero. Stages that compute with libtorch run
// together as far as the device has threads and memory for them, the others up to Options.Parallel. A stage that fails takes those that need it with it, and
// nothing else; an interrupted apply keeps every finished stage.
package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prlhf/prlhf/runner/store"
)

// Apply makes every artifact of the plan that the store lacks, writes the reports and checks the claims. Stages that
// failed are in Result.Failed and named by the error; a cancelled ctx is returned as ctx.Err().
func Apply(ctx context.Context, plan *Plan, st *store.Store, opts Options) (*Result, error) {
	return apply(ctx, plan, st, opts, torchJobs)
}

func apply(ctx context.Context, plan *Plan, st *store.Store, opts Options, jobs jobs) (*Result, error) {
	if len(plan.Missing) > 0 {
		return &Result{}, MissingError(plan.Missing)
	}
	s := newScheduler(plan, st, opts, jobs)
	s.run(ctx)
	result := &Result{Failed: s.failed}
	if err := ctx.Err(); err != nil {
		return result, err
	}
	if len(s.failed) > 0 {
		return result, errors.Join(s.errs...)
	}
	return result, finish(plan, s, result)
}

// scheduler is the state of one apply. Only run's goroutine changes it.
type scheduler struct {
	plan   *Plan
	st     *store.Store
	opts   Options
	jobs   jobs
	emitMu sync.Mutex

	allowances allowances
	pending    map[*Node]int
	needs      map[*Node][]*Node // who waits for a node
	ready      []*Node
	artifacts  map[*Node]*store.Artifact
	skipped    map[*Node]bool
	failed     []*Node
	errs       []error
}

func newScheduler(plan *Plan, st *store.Store, opts Options, jobs jobs) *scheduler {
	s := &scheduler{plan: plan, st: st, opts: opts, jobs: jobs, pending: map[*Node]int{}, needs: map[*Node][]*Node{},
		artifacts: map[*Node]*store.Artifact{}, skipped: map[*Node]bool{}}
	for _, n := range plan.Nodes {
		s.pending[n] = len(n.Inputs)
		for _, in := range n.Inputs {
			s.needs[in] = append(s.needs[in], n)
		}
		if len(n.Inputs) == 0 {
			s.ready = append(s.ready, n)
		}
	}
	return s
}

type finished struct {
	node     *Node
	artifact *store.Artifact
	err      error
}

// run starts ready nodes in plan order until nothing runs and nothing can be started.
func (s *scheduler) run(ctx context.Context) {
	done := make(chan finished)
	var computing load
	others := 0
	for {
		for i := 0; i < len(s.ready) && ctx.Err() == nil; {
			n := s.ready[i]
			its := loadOf(n)
			if its.stages > 0 && !s.opts.fits(its, computing) || its.stages == 0 && others >= max(s.opts.Parallel, 1) {
				i++
				continue
			}
			s.ready = append(s.ready[:i], s.ready[i+1:]...)
			if computing.add(its, 1); its.stages == 0 {
				others++
			}
			env := s.env(n)
			go func() {
				a, err := s.make(ctx, n, env)
				done <- finished{n, a, err}
			}()
		}
		if computing.stages+others == 0 {
			return
		}
		f := <-done
		if computing.add(loadOf(f.node), -1); loadOf(f.node).stages == 0 {
			others--
		}
		s.settle(ctx, f)
	}
}

// settle takes in what a node ended with.
func (s *scheduler) settle(ctx context.Context, f finished) {
	if f.err != nil {
		if ctx.Err() != nil {
			return
		}
		s.failed = append(s.failed, f.node)
		s.errs = append(s.errs, fmt.Errorf("%s: %w", f.node.ID, f.err))
		s.skip(f.node)
		return
	}
	s.artifacts[f.node] = f.artifact
	for _, n := range s.needs[f.node] {
		if s.pending[n]--; s.pending[n] == 0 && !s.skipped[n] {
			s.ready = append(s.ready, n)
		}
	}
}

// skip tells, once, that the nodes which need a failed one will not run.
func (s *scheduler) skip(failed *Node) {
	for _, n := range s.needs[failed] {
		if !s.skipped[n] {
			s.skipped[n] = true
			s.emit(Event{Kind: Skipped, Node: n, Note: "it needs " + failed.ID})
			s.skip(n)
		}
	}
}

func (s *scheduler) env(n *Node) *Env {
	env := &Env{node: n, emit: s.emit, jobs: s.jobs, allowances: &s.allowances, inputs: map[*Node]*store.Artifact{}}
	for _, in := range n.Inputs {
		env.inputs[in] = s.artifacts[in]
	}
	return env
}

// make returns the artifact of a node, from the store or by running its stage. A report has none.
func (s *scheduler) make(ctx context.Context, n *Node, env *Env) (*store.Artifact, error) {
	start := time.Now()
	if r, ok := n.Stage.(*reportStage); ok {
		return nil, s.report(n, r, env, start)
	}
	meta := store.Meta{ID: n.ID, Kind: n.Kind, Addr: n.Addr, Description: description(n.Kind, n.Stage)}
	for _, in := range n.Inputs {
		meta.Inputs = append(meta.Inputs, in.Fingerprint)
	}
	build, artifact, err := s.st.Begin(ctx, n.Fingerprint, meta, func() { s.emit(Event{Kind: Waiting, Node: n}) })
	if err == nil && build == nil {
		s.emit(Event{Kind: Reused, Node: n})
		return artifact, nil
	}
	if err == nil {
		s.emit(Event{Kind: Started, Node: n})
		s.log(n, meta.Description)
		artifact, err = runStage(ctx, n, env, build)
	}
	if err != nil {
		if ctx.Err() == nil {
			s.emit(Event{Kind: Failed, Node: n, Err: err, Elapsed: time.Since(start)})
		}
		return nil, err
	}
	s.emit(Event{Kind: Finished, Node: n, Elapsed: time.Since(start)})
	return artifact, nil
}

// log writes what a stage was asked to do, so that a run log explains itself.
func (s *scheduler) log(n *Node, description string) {
	if s.opts.Log != nil {
		s.opts.Log.Log("debug", "stage", map[string]any{"id": n.ID, "fingerprint": n.Fingerprint.String(), "description": description})
	}
}

func (s *scheduler) report(n *Node, r *reportStage, env *Env, start time.Time) error {
	changed, err := r.write(env)
	switch {
	case err != nil:
		s.emit(Event{Kind: Failed, Node: n, Err: err, Elapsed: time.Since(start)})
	case changed:
		s.emit(Event{Kind: Finished, Node: n, Elapsed: time.Since(start)})
	default:
		s.emit(Event{Kind: Reused, Node: n})
	}
	return err
}

func runStage(ctx context.Context, n *Node, env *Env, build *store.Build) (*store.Artifact, error) {
	defer build.Abort()
	env.Dir, env.Scratch, env.Answers = build.Dir(), build.Scratch(), build.Answers()
	if err := n.Stage.Run(ctx, env); err != nil {
		return nil, store.Explain(err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r, ok := n.Stage.(leafReader); ok {
		for _, leaf := range r.leaves() {
			if err := leaf.unchanged(); err != nil {
				return nil, err
			}
		}
	}
	return build.Commit()
}

func (s *scheduler) emit(e Event) {
	if s.opts.Events == nil {
		return
	}
	s.emitMu.Lock()
	defer s.emitMu.Unlock()
	s.opts.Events(e)
}
