package runner

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/internal/golden"
)

// TestStageResults has a golden number per stage: when one moves although its version (in the description) did not, old
// artifacts in people's stores would be taken for new ones. Raise the version of the stage, then rewrite the golden.
func TestStageResults(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, l := range []*lab{newLab(t, smallSpec), newFileLab(t)} {
		l.apply()
		st := l.store()
		for _, n := range l.plan(st).Nodes {
			a, ok := st.Get(n.Fingerprint)
			if !ok {
				continue // a report
			}
			h := sha256.New()
			for _, f := range a.Manifest().Files {
				fmt.Fprintf(h, "%s %s\n", f.Name, f.Digest)
			}
			version := strings.Split(a.Manifest().Description, "\n")[1]
			fmt.Fprintf(&b, "%-40s %s  fingerprint %s  result %x\n", n.ID, version, n.Fingerprint.Short(), h.Sum(nil)[:6])
		}
	}
	golden.Compare(t, "testdata/stages.golden", []byte(b.String()))
}

// TestReport reads as a report should: claims first, the tables, and no path or time of this machine.
func TestReport(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	l.apply()
	data, err := os.ReadFile(filepath.Join(l.opts.Out, "small", "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(data); strings.Contains(text, l.dir) || strings.Contains(text, os.TempDir()) {
		t.Error("the report names a folder of this machine")
	}
	golden.Compare(t, "testdata/report.md.golden", data)
}
