package dsl

import (
	"fmt"
	"math"

	"github.com/hashicorp/hcl/v2"
)

// checkAcross warns about what each block alone does not show.
func (ev *evaluator) checkAcross(spec *Spec) {
	for _, t := range spec.Trains {
		ev.checkClusters(t)
	}
	for _, a := range spec.Scores {
		if !ev.deliberate[a.Addr.String()] {
			ev.checkSameRows(a)
		}
	}
}

// checkClusters warns of more clusters than users, where the spec fixes the number of users.
func (ev *evaluator) checkClusters(t *Train) {
	if t.UserModel == nil || t.UserModel.Kind != "cluster" || t.Data == nil {
		return
	}
	users, known := 0, true
	for _, split := range t.Data.splits() {
		n, ok := split.Dataset.seenUsers()
		users, known = users+n, known && ok
	}
	if !known || users == 0 || t.UserModel.Clusters <= users {
		return
	}
	ev.add(warning(ev.clustersRange(t), "More clusters than users", fmt.Sprintf("clusters is %d, but %s knows %d users (%s): more clusters than users.",
		t.UserModel.Clusters, t.Addr.Block(), users, t.Data)))
}

// seenUsers is how many users a policy trained on this data set can know, if the spec says.
func (d *Dataset) seenUsers() (int, bool) {
	switch {
	case d.Split.SeenTop > 0:
		return d.Split.SeenTop, true
	case d.Format == "psoups":
		return int(math.Round(psoupsUsers * d.Split.SeenShare)), true
	case d.Synthetic != nil:
		return int(math.Round(d.Split.SeenShare * float64(d.Synthetic.Users))), true
	}
	return 0, false
}

// clustersRange is where clusters was written: in the train block, in its for_each, or in a user_model block.
func (ev *evaluator) clustersRange(t *Train) hcl.Range {
	for _, name := range []string{"user_model.clusters", "for_each." + t.Addr.Key + ".clusters", "for_each." + t.Addr.Key + ".user_model.clusters"} {
		if rng, ok := t.Attrs[name]; ok {
			return rng
		}
	}
	for _, d := range ev.order {
		if d.typ != "user_model" || d.state != resolved {
			continue
		}
		for _, inst := range d.instances {
			if u, ok := inst.built.(*UserModel); ok && u == t.UserModel && d.block.Body.Attributes["clusters"] != nil {
				return d.block.Body.Attributes["clusters"].Expr.Range()
			}
		}
	}
	return t.Range("user_model")
}

// checkSameRows warns when a policy is scored on rows that it was trained on.
func (ev *evaluator) checkSameRows(a *Accuracy) {
	p := a.Policy
	for range 1000 {
		switch b := p.(type) {
		case *Train:
			if b == nil {
				return
			}
			if rows := sharedRows(b.Data, a.Data); rows != nil {
				ev.sayShared(b, a, rows)
				return
			}
			p = b.Base
		case *Model:
			if b == nil || b.From == nil {
				return
			}
			p = b.From
		default:
			return
		}
	}
}

func (ev *evaluator) sayShared(t *Train, a *Accuracy, rows *Set) {
	at, other, meant := t.Block.Range("data"), a.Addr.Block(), "train"
	line := a.Declared.Start.Line
	first, second := t.Addr.Block(), other
	if rows.Name == "train" {
		at, line, meant = a.Block.Range("data"), t.Declared.Start.Line, "test"
		first, second = other, t.Addr.Block()
	}
	ev.add(warning(at, "Trained and scored on the same rows", fmt.Sprintf("%s and %s (line %d) use the same rows. Did you mean %s.%s?", first, second, line, rows.Dataset.Addr, meant)))
}

// sharedRows is a split that both sets surely have rows of in common: both hold the same part of it, or one holds it whole.
func sharedRows(trained, scored *Set) *Set {
	for _, a := range parts(trained) {
		for _, b := range parts(scored) {
			from := a.splits()
			same := a.String() == b.String()
			for _, split := range from {
				text := split.String()
				whole := a.String() == text || b.String() == text
				if same || whole && contains(b.splits(), text) {
					return split
				}
			}
		}
	}
	return nil
}

// parts are the sets that a union is made of, and the rows behind responses.
func parts(s *Set) []*Set {
	switch {
	case s == nil:
		return nil
	case s.Op == SetUnion || s.Op == SetSide:
		var all []*Set
		for _, of := range s.Of {
			all = append(all, parts(of)...)
		}
		return all
	}
	return []*Set{s}
}

func contains(sets []*Set, text string) bool {
	for _, s := range sets {
		if s.String() == text {
			return true
		}
	}
	return false
}
