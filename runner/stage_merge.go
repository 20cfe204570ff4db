// The merge stage: the mean of the weights of policies that were trained from one model, as a Hugging Face folder.
package runner

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
)

const (
	kindMerge    = "merge"
	mergeVersion = 1
)

type mergeStage struct {
	members []*policy
	device  torch.Device
}

func (s *mergeStage) Describe(w io.Writer) {
	line(w, "version", mergeVersion)
	line(w, "policies", len(s.members))
	s.members[0].describe(w)
	line(w, "libtorch", libtorchVersion)
}

func (s *mergeStage) leaves() []leaf { return s.members[0].leaves() }

func (s *mergeStage) Run(ctx context.Context, e *Env) error {
	scratch := filepath.Join(e.Scratch, "members")
	if err := os.MkdirAll(scratch, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	job := torch.MergeJob{Device: s.device, Scratch: scratch, Out: e.File(modelFolder)}
	for _, m := range s.members {
		job.Members = append(job.Members, m.base(e))
	}
	if err := os.Mkdir(job.Out, 0o755); err != nil {
		return err
	}
	if err := e.jobs.merge(ctx, job); err != nil {
		return err
	}
	return copyTokenizer(s.members[0].origin.tokenizer.dir(e), job.Out)
}

// mergedPolicy is a model block with merge: a policy of its own, without users.
func (c *compiler) mergedPolicy(m *dsl.Model) *policy {
	var members []*policy
	var inputs []*Node
	for _, p := range m.Merge {
		member := c.start(&m.Block, "merge", p)
		if member == nil {
			return nil
		}
		if len(members) > 0 && !sameOrigin(member.origin, members[0].origin) {
			c.fail(&m.Block, "merge", "Models of different starts", "%s starts from %s and %s from %s; only policies that were trained from one model can be merged.",
				members[0].name, members[0].origin.spec.Addr, member.name, member.origin.spec.Addr)
			return nil
		}
		members = append(members, member)
		inputs = append(inputs, member.inputs()...)
	}
	names := make([]string, len(members))
	for i, member := range members {
		names[i] = member.name
	}
	o := *members[0].origin
	how, ok := c.prompting(m, o.folder)
	if !ok {
		return nil
	}
	o.spec, o.how = m, how
	o.init = c.node(kindMerge, m.Addr.String()+" of "+strings.Join(names, ", "), &m.Block, &mergeStage{members, c.deviceFor(members...)}, inputs...)
	return &policy{name: m.Addr.String(), origin: &o}
}

func sameOrigin(a, b *origin) bool {
	return a.init == b.init && a.leaf.digest == b.leaf.digest && a.tokenizer.key() == b.tokenizer.key()
}
