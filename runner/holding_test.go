package runner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHoldingsWithoutComparisons: somebody whom the survey describes and who compared nothing is found by their description.
func TestHoldingsWithoutComparisons(t *testing.T) {
	t.Parallel()
	l := newPRISMLab(t)
	path := filepath.Join(l.dir, "prism", "survey.jsonl")
	survey, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(survey), "\n")
	l.write(filepath.Join("prism", "survey.jsonl"), string(survey)+"\n"+strings.Replace(first, `"user0"`, `"silent"`, 1))
	l.spec = strings.ReplaceAll(l.spec, "seed = 123 }", "seed = 123 }\n  bad_rows = \"drop\"") // such a user is a bad row
	l.apply()
	list, err := Holdings(l.store(), []string{"silent"})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, h := range list {
		for _, f := range h.Files {
			found[h.Kind+" "+f.Name] += f.Rows
		}
	}
	if found[kindImport+" "+peopleFile] != 1 {
		t.Errorf("the description is not found; what is: %v", found)
	}
	if found[kindImport+" "+comparisonsFile] != 0 {
		t.Errorf("%d comparisons of somebody who made none", found[kindImport+" "+comparisonsFile])
	}
}
