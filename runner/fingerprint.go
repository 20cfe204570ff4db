// Fingerprints: what a node's identity is made of. A description is readable lines of text; two of them can be diffed,
// which is what `plan -why` prints. Nothing here may depend on paths, times, machines or block names.
package runner

import (
	"crypto/sha256"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/runner/store"
	"github.com/prlhf/prlhf/torch"
)

// libtorchVersion is the one version that prlhf links to; another one is refused by scripts/libtorch.sh.
const libtorchVersion = "2.11.0"

// line writes one "name: value" line of a description. Newlines in values are escaped, so a value can never look like
// another line.
func line(w io.Writer, name string, value any) {
	text := fmt.Sprint(value)
	if strings.ContainsAny(text, "\n\r\\") {
		text = strings.NewReplacer("\\", `\\`, "\n", `\n`, "\r", `\r`).Replace(text)
	}
	fmt.Fprintf(w, "%s: %s\n", name, text)
}

// describeDevice writes what a torch stage's last digits depend on.
func describeDevice(w io.Writer, d torch.Device, precision string) {
	line(w, "device", d.Kind)
	if d.Kind == "cpu" {
		line(w, "threads", d.Threads)
	}
	line(w, "precision", precision)
	line(w, "libtorch", libtorchVersion)
}

// description returns the lines that are hashed for a node, its inputs' fingerprints excepted.
func description(kind string, stage Stage) string {
	var b strings.Builder
	line(&b, "stage", kind)
	stage.Describe(&b)
	return b.String()
}

// fingerprint hashes a description and, in order, what the node consumes.
func fingerprint(description string, inputs []*Node) store.Fingerprint {
	h := sha256.New()
	io.WriteString(h, description)
	for _, in := range inputs {
		fmt.Fprintf(h, "input: %x\n", in.Fingerprint[:])
	}
	return store.Fingerprint(h.Sum(nil))
}

// describeSet writes a lazy set as one line that names data sets by their place in the stage's list, not by address.
func describeSet(s *dsl.Set, place func(*dsl.Dataset) int) string {
	if s == nil {
		return "none"
	}
	of := make([]string, len(s.Of))
	for i, m := range s.Of {
		of[i] = describeSet(m, place)
	}
	inner := strings.Join(of, ", ")
	switch s.Op {
	case dsl.SetSplit:
		return fmt.Sprintf("%s of data %d", s.Name, place(s.Dataset))
	case dsl.SetPrompts:
		if s.Dataset != nil {
			return fmt.Sprintf("prompts of data %d", place(s.Dataset))
		}
		return "prompts(" + inner + ")"
	case dsl.SetSide:
		if s.Dataset != nil {
			return fmt.Sprintf("%s of data %d", s.Name, place(s.Dataset))
		}
		return s.Name + "(" + inner + ")"
	case dsl.SetGenerated:
		return "generated responses"
	case dsl.SetUsers:
		return fmt.Sprintf("%s of data %d", s.Name, place(s.Dataset))
	case dsl.SetUser:
		return fmt.Sprintf("user %s of the %s of data %d", hashedID(s.ID), s.Name, place(s.Dataset))
	case dsl.SetGroup:
		return fmt.Sprintf("users of data %d in group %q", place(s.Dataset), s.Name)
	case dsl.SetGeneric:
		return "the generic user"
	case dsl.SetSample, dsl.SetPerUser:
		return fmt.Sprintf("%s(%s, %d, seed %d)", s.Op, inner, s.N, s.Seed)
	}
	return fmt.Sprintf("%s(%s)", s.Op, inner) // union, of_users, without
}

// hashedID stands for a user's id in descriptions, which go into manifests and logs.
func hashedID(id string) string {
	return fmt.Sprintf("#%x", sha256.Sum256([]byte("user "+id)))[:17]
}

// byID finds users chosen by id in an expression: users["17"], users.ann.
var byID = regexp.MustCompile(`\b((?:unseen_)?users)(?:\.([\pL_][\pL\pN_-]*)|\["((?:[^"\\]|\\.)*)"\])`)

// withoutIDs is an expression as a description has it.
func withoutIDs(text string) string {
	return byID.ReplaceAllStringFunc(text, func(found string) string {
		parts := byID.FindStringSubmatch(found)
		return parts[1] + "[" + hashedID(parts[2]+parts[3]) + "]"
	})
}

// datasetsOf lists the data sets that the sets read, each once, in order of first appearance.
func datasetsOf(sets ...*dsl.Set) []*dsl.Dataset {
	var out []*dsl.Dataset
	seen := map[*dsl.Dataset]bool{}
	var walk func(*dsl.Set)
	walk = func(s *dsl.Set) {
		if s == nil {
			return
		}
		if s.Dataset != nil && !seen[s.Dataset] {
			seen[s.Dataset] = true
			out = append(out, s.Dataset)
		}
		for _, m := range s.Of {
			walk(m)
		}
	}
	for _, s := range sets {
		walk(s)
	}
	return out
}

// placeIn returns where a data set stands in list, counted from 1.
func placeIn(list []*dsl.Dataset) func(*dsl.Dataset) int {
	return func(d *dsl.Dataset) int {
		for i, other := range list {
			if other == d {
				return i + 1
			}
		}
		return 0
	}
}
