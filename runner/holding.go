// Holding answers which artifacts of the store still have rows or texts of a user: every table that says whose a row is, every
// user model whose users have names, results by user, and files made up that such rows were read from; and what was begun and
// not finished, which may have some.
package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/runner/store"
)

// Holding is an artifact that has something of the users asked for.
type Holding struct {
	ID          string // what the artifact is for
	Kind        string
	Fingerprint store.Fingerprint
	Dir         string
	Files       []HeldFile
}

// HeldFile is a file with what it has of them.
type HeldFile struct {
	Name string
	Rows int    // of a table
	What string // where it is no rows: what it is
}

// Holdings looks through the whole store, artifacts in the order of kind and ID. Ids are what data sets call their users: of
// two data sets that both have a user 17, both are found.
func Holdings(st *store.Store, ids []string) ([]Holding, error) {
	manifests, damage := st.List() // what is damaged is looked at where it lies
	var out []Holding
	synthetic := map[store.Fingerprint]bool{} // made-up files that rows of the users were read from
	for _, m := range manifests {
		h := Holding{ID: m.ID, Kind: m.Kind, Fingerprint: m.Fingerprint, Dir: filepath.Join(st.Dir(), "artifacts", m.Fingerprint.String())}
		var names []string
		for _, f := range m.Files {
			names = append(names, f.Name)
		}
		if h.Files = heldIn(h.Dir, names, ids); len(h.Files) == 0 {
			continue
		}
		out = append(out, h)
		if m.Kind == kindImport {
			for _, in := range m.Inputs {
				synthetic[in] = true
			}
		}
	}
	for _, m := range manifests {
		if m.Kind == kindSynthesize && synthetic[m.Fingerprint] {
			out = append(out, Holding{ID: m.ID, Kind: m.Kind, Fingerprint: m.Fingerprint,
				Dir:   filepath.Join(st.Dir(), "artifacts", m.Fingerprint.String()),
				Files: []HeldFile{{Name: filesFolder + "/", What: "the files that their rows were read from"}}})
		}
	}
	slices.SortStableFunc(out, func(a, b Holding) int { return strings.Compare(a.ID, b.ID) })
	for _, dir := range st.Aside() {
		names, err := namesBelow(dir)
		if err != nil {
			return nil, err
		}
		if files := heldIn(dir, names, ids); len(files) > 0 {
			out = append(out, Holding{ID: "damaged artifact " + filepath.Base(dir), Kind: "damaged", Dir: dir, Files: files})
		}
	}
	unfinished, err := unfinishedIn(st)
	if err != nil {
		return nil, err
	}
	out = append(out, unfinished...)
	if damage != nil {
		return out, fmt.Errorf("some artifacts are damaged and were not looked at: %w", damage)
	}
	return out, nil
}

// unfinishedIn lists the scratch of trainings that were killed. It says of nobody whose it is, so it is listed for everybody.
func unfinishedIn(st *store.Store) ([]Holding, error) {
	var out []Holding
	for _, fp := range st.Unfinished() {
		names, err := namesBelow(st.Scratch(fp))
		switch {
		case errors.Is(err, fs.ErrNotExist): // finished just now
			continue
		case err != nil:
			return nil, err
		}
		h := Holding{ID: "unfinished work " + fp.Short(), Kind: "unfinished", Fingerprint: fp, Dir: st.Scratch(fp)}
		for _, name := range names {
			h.Files = append(h.Files, HeldFile{Name: name, What: "may have some of theirs until apply finishes the work, or gc drops it"})
		}
		if len(h.Files) > 0 {
			out = append(out, h)
		}
	}
	return out, nil
}

func namesBelow(dir string) ([]string, error) {
	files, err := filesBelow(dir)
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	return names, err
}

// heldIn looks at the files of one artifact.
func heldIn(dir string, names, ids []string) []HeldFile {
	var out []HeldFile
	known := map[int32]bool{} // rows of users.arrow
	if slices.Contains(names, usersFile) {
		rows, err := matching(filepath.Join(dir, usersFile), "id", ids, func(row int) { known[int32(row)] = true })
		out = appendHeld(out, usersFile, rows, err)
		if rows > 0 && slices.Contains(names, userModelFile) {
			out = append(out, HeldFile{Name: userModelFile, What: "their parameters"})
		}
	}
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		switch {
		case name == usersFile || !strings.HasSuffix(name, ".arrow"):
		case name == rowsFile:
			rows := 0
			_, err := arrowio.Values(path, "user", func(_ int, user int32) {
				if known[user] {
					rows++
				}
			})
			out = appendHeld(out, name, rows, err)
		case name == peopleFile: // those whom the format describes, with and without comparisons
			rows, err := matching(path, "id", ids, func(int) {})
			out = appendHeld(out, name, rows, err)
		default:
			rows, err := matching(path, "user", ids, func(int) {})
			out = appendHeld(out, name, rows, err)
		}
	}
	if slices.Contains(names, resultFile) && namesUsers(filepath.Join(dir, resultFile), ids) {
		out = append(out, HeldFile{Name: resultFile, What: "their results"})
	}
	return out
}

// matching counts the rows whose column is one of the ids.
func matching(path, column string, ids []string, visit func(row int)) (rows int, err error) {
	_, err = arrowio.Values(path, column, func(row int, id string) {
		if slices.Contains(ids, id) {
			rows++
			visit(row)
		}
	})
	return rows, err
}

func appendHeld(files []HeldFile, name string, rows int, err error) []HeldFile {
	switch {
	case err != nil:
		return append(files, HeldFile{Name: name, What: "cannot be read, and may have some of theirs"})
	case rows > 0:
		return append(files, HeldFile{Name: name, Rows: rows})
	}
	return files
}

// namesUsers tells whether a result.json has values by user, below a key "users", for one of the ids.
func namesUsers(path string, ids []string) bool {
	data, err := os.ReadFile(path)
	var value any
	if err != nil || json.Unmarshal(data, &value) != nil {
		return false
	}
	return underUsers(value, ids)
}

func underUsers(value any, ids []string) bool {
	switch v := value.(type) {
	case map[string]any:
		users, _ := v["users"].(map[string]any)
		for _, id := range ids {
			if _, named := users[id]; named {
				return true
			}
		}
		for _, inner := range v {
			if underUsers(inner, ids) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(inner any) bool { return underUsers(inner, ids) })
	}
	return false
}
