// Package imports reads which packages of this module import what: the other half of the table in graph_test.go, which
// says what may be imported. It parses import clauses only and looks at every file whatever its build tags, so that the
// libtorch half of a package is checked without libtorch.
package imports

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Edge is one import of a package of the module at Root, with the file that has it.
type Edge struct {
	From string // folder of the package below the module's root
	To   string // import path
	File string
}

// Read returns the imports of all Go files below root but the tests, ordered by file. Folders whose name begins with a
// dot or an underscore, and those named testdata, are left out, as the go command does.
func Read(root string) ([]Edge, error) {
	var edges []Edge
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		found, err := readFile(root, path)
		edges = append(edges, found...)
		return err
	})
	slices.SortStableFunc(edges, func(a, b Edge) int { return strings.Compare(a.File, b.File) })
	return edges, err
}

func readFile(root, path string) ([]Edge, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return nil, err
	}
	rel = filepath.ToSlash(rel)
	folder := filepath.ToSlash(filepath.Dir(rel))
	var edges []Edge
	for _, spec := range file.Imports {
		to, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		edges = append(edges, Edge{From: folder, To: to, File: rel})
	}
	return edges, nil
}
