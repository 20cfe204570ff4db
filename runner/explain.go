// Explain answers `prlhf show`: which computation a number is from, what that was made of, and which files hold it.
package runner

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/runner/store"
)

// Explanation is a node with everything behind it.
type Explanation struct {
	Node        *Node
	Description []string // the lines that are hashed into the fingerprint
	Stored      bool     // the artifact is in the store, whole
	Dir         string   // its folder, when Stored
	Files       []store.File
	Rewritten   []string // why files were replaced since, oldest first
	Inputs      []Explanation
	Repeated    bool      // explained above already; then Inputs is empty
	Value       dsl.Value // of the result that was asked for; nil when the address names a block only, or it is not stored
}

// Explain explains the stage that makes the result of addr: a block instance, or a value below it such as
// accuracy.test["vanilla"].groups.minority. The error says which addresses there are.
// Users of a value have indices unless byID, or a report of the spec, asks for ids.
func Explain(plan *Plan, st *store.Store, addr string, byID bool) (Explanation, error) {
	block, path, err := plan.find(addr)
	if err != nil {
		return Explanation{}, err
	}
	n := plan.main(block)
	x := explain(n, st, map[*Node]bool{})
	if !x.Stored || n.Kind == kindReport {
		return x, nil
	}
	if path == nil && !hasFile(x.Files, resultFile) {
		return x, nil
	}
	result, err := readResult(filepath.Join(x.Dir, resultFile))
	if err != nil {
		return x, err
	}
	// A claim's path may end in one number of an estimate; the whole estimate is shown then.
	if last := len(path) - 1; last > 0 && slices.Contains([]string{"mean", "se", "low", "high", "n", "median", "sd_runs"}, path[last]) {
		if e, ok := estimateOf(at(result, path[:last]...)); ok {
			x.Value = dsl.Estimate(e)
			return x, nil
		}
	}
	naming, err := namesInStore(plan, st)
	if err != nil {
		return x, err
	}
	if byID {
		naming = nil
	}
	if x.Value = renamed(at(result, path...), naming, path); x.Value == nil {
		known, there := 0, result
		for known < len(path) {
			inner, ok := at(there, path[known]).(map[string]dsl.Value)
			if !ok {
				break
			}
			known, there = known+1, inner
		}
		return x, fmt.Errorf("%s has no result %s; %s has %s", block, strings.Join(path, "."),
			strings.Join(append([]string{block}, path[:known]...), "."), joinComma(sortedKeys(renamed(there, naming, path[:known]).(map[string]dsl.Value))))
	}
	return x, nil
}

func hasFile(files []store.File, name string) bool {
	for _, f := range files {
		if f.Name == name {
			return true
		}
	}
	return false
}

func explain(n *Node, st *store.Store, met map[*Node]bool) Explanation {
	x := Explanation{Node: n, Description: strings.Split(strings.TrimSuffix(description(n.Kind, n.Stage), "\n"), "\n")}
	if st != nil {
		if a, ok := st.Get(n.Fingerprint); ok {
			x.Stored, x.Dir, x.Files, x.Rewritten = true, a.Dir(), a.Manifest().Files, a.Manifest().Rewritten
		}
	}
	if x.Repeated = met[n]; x.Repeated {
		return x
	}
	met[n] = true
	for _, in := range n.Inputs {
		x.Inputs = append(x.Inputs, explain(in, st, met))
	}
	return x
}

// find splits an address into that of a block instance and the path of a value below it.
func (p *Plan) find(addr string) (block string, path []string, err error) {
	best := ""
	for _, known := range specAddresses(p.Spec) {
		rest, ok := strings.CutPrefix(addr, known)
		if ok && len(known) > len(best) && (rest == "" || rest[0] == '.' || rest[0] == '[') && len(p.ofAddr[known]) > 0 {
			best = known
		}
	}
	if best == "" {
		meant := strings.TrimSuffix(strings.Replace(dsl.DidYouMean(addr, specAddresses(p.Spec)), " Did", "; did", 1), "?")
		return "", nil, fmt.Errorf("nothing in this spec is called %s%s; there are %s", addr, meant, strings.Join(specAddresses(p.Spec), ", "))
	}
	return best, splitPath(strings.TrimPrefix(addr, best)), nil
}

// splitPath reads .groups.minority or .users["3"].
func splitPath(text string) []string {
	var path []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		path = append(path, strings.Trim(part, `"`))
	}
	return path
}

// main is the node that stands for a block: the one with its result, else the last that was compiled for it.
func (p *Plan) main(block string) *Node {
	for _, item := range resultItems(p.Spec) {
		if n := p.results[item]; n != nil && addrOf(item).String() == block {
			return n
		}
	}
	nodes := p.ofAddr[block]
	return nodes[len(nodes)-1]
}
