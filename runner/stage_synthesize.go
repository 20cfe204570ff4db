// The synthesize stage: files in a known format, made up by seed, so that the real readers can run without data.
package runner

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
)

const (
	kindSynthesize    = "synthesize"
	synthesizeVersion = 1

	filesFolder = "files"
)

type synthesizeStage struct{ spec *dsl.Synthetic }

func (s *synthesizeStage) Describe(w io.Writer) {
	line(w, "version", synthesizeVersion)
	line(w, "format", s.spec.Format)
	line(w, "users", s.spec.Users)
	line(w, "comparisons", s.spec.Comparisons)
	line(w, "prompts", s.spec.Prompts)
	if s.spec.Votes > 1 {
		line(w, "votes", s.spec.Votes)
	}
	if s.spec.Cyclic {
		line(w, "cyclic", true)
	}
	line(w, "seed", s.spec.Seed)
}

func (s *synthesizeStage) Run(_ context.Context, e *Env) error {
	if err := os.Mkdir(e.File(filesFolder), 0o755); err != nil {
		return err
	}
	cfg := formats.SyntheticConfig{Users: s.spec.Users, Comparisons: s.spec.Comparisons, Prompts: s.spec.Prompts,
		Votes: s.spec.Votes, Cyclic: s.spec.Cyclic, Seed: s.spec.Seed}
	return formats.SynthesizeFiles(s.spec.Format, cfg, func(name string) (io.WriteCloser, error) {
		return os.Create(filepath.Join(e.File(filesFolder), name))
	})
}
