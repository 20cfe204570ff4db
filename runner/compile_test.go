package runner

import (
	"slices"
	"testing"
)

// TestTargetOfData: a data set is read and split when it is asked for, and nothing is trained; its ids and log-probs are made for
// whoever needs them.
func TestTargetOfData(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	l.opts.Targets = []string{"dataset.posts"}
	var kinds []string
	for _, n := range l.plan(nil).Nodes {
		kinds = append(kinds, n.Kind)
	}
	if want := []string{kindSynthesize, kindImport, kindSplit}; !slices.Equal(kinds, want) {
		t.Errorf("dataset.posts needs %v; %v expected", kinds, want)
	}
}
