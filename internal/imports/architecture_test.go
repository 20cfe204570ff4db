package imports

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const architecture = "../../docs/architecture.md"

// TestArchitecturePicture: the arrows between packages in docs/architecture.md are the imports that there are.
func TestArchitecturePicture(t *testing.T) {
	drawn := drawnEdges(t)
	edges, err := Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	real := map[[2]string]bool{}
	for _, e := range edges {
		to, ok := strings.CutPrefix(e.To, module)
		if ok && !forTests(e.From) {
			real[[2]string{e.From, to}] = true
		}
	}
	for edge := range real {
		if !drawn[edge] {
			t.Errorf("%s imports %s, and docs/architecture.md does not draw it", edge[0], edge[1])
		}
	}
	for edge := range drawn {
		if !real[edge] {
			t.Errorf("docs/architecture.md draws %s --> %s, which is not imported", edge[0], edge[1])
		}
	}
}

// forTests tells whether nothing that ships imports a package.
func forTests(folder string) bool {
	return strings.HasPrefix(folder, "internal/") || strings.HasSuffix(folder, "test")
}

var (
	packageNode = regexp.MustCompile(`^(\w+)\["([\w/]+)<br>`)
	packageEdge = regexp.MustCompile(`^(\w+) --> ([\w &]+)$`)
)

// drawnEdges reads the Mermaid picture under the heading Packages.
func drawnEdges(t *testing.T) map[[2]string]bool {
	t.Helper()
	text, err := os.ReadFile(architecture)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\n## Packages\n")
	_, after, _ = strings.Cut(after, "```mermaid\n")
	picture, _, found := strings.Cut(after, "```")
	if !found {
		t.Fatal("there is no picture under the heading Packages")
	}
	names, edges := map[string]string{}, map[[2]string]bool{}
	for _, l := range strings.Split(picture, "\n") {
		l = strings.TrimSpace(l)
		if m := packageNode.FindStringSubmatch(l); m != nil {
			names[m[1]] = m[2]
		} else if m := packageEdge.FindStringSubmatch(l); m != nil {
			for _, to := range strings.Split(m[2], " & ") {
				if names[m[1]] == "" || names[to] == "" {
					t.Fatalf("%q: no package has that name in the picture", l)
				}
				edges[[2]string{names[m[1]], names[to]}] = true
			}
		} else if l != "" && l != "flowchart TD" {
			t.Errorf("%q is neither a package nor an arrow", l)
		}
	}
	return edges
}

// sourcePath is what looks like a path of this repository in backticks.
var sourcePath = regexp.MustCompile("`((?:cmd|dsl|runner|arrowio|torch|judges|reports|internal|specs|docs)(?:/[\\w.]+)*)`")

// TestPathsInDocs: every path that docs/architecture.md and docs/design.md name is there.
func TestPathsInDocs(t *testing.T) {
	for _, doc := range []string{architecture, "../../docs/design.md"} {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		for _, m := range sourcePath.FindAllStringSubmatch(string(text), -1) {
			paths = append(paths, m[1])
		}
		slices.Sort(paths)
		for _, p := range slices.Compact(paths) {
			if _, err := os.Stat(filepath.Join("../..", p)); err != nil {
				t.Errorf("%s names %s: %v", filepath.Base(doc), p, err)
			}
		}
		if doc == architecture && len(paths) < 30 {
			t.Errorf("only %d paths were found in %s", len(paths), doc)
		}
	}
}

// link is a relative link of Markdown.
var link = regexp.MustCompile(`\]\(([\w./-]+)\)`)

// TestLinksOfReadme: what README.md points to is there.
func TestLinksOfReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	links := link.FindAllStringSubmatch(string(text), -1)
	if len(links) < 10 {
		t.Errorf("README.md has %d links; it lists the docs", len(links))
	}
	for _, m := range links {
		if _, err := os.Stat(filepath.Join("../..", m[1])); err != nil {
			t.Errorf("README.md points to %s: %v", m[1], err)
		}
	}
}
