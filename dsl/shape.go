package dsl

import "strconv"

// A shape is what is known of a result before it exists (language/README section 4), so that a wrong name in a claim is
// found by validate. Leaves are numbers; an estimate has the leaves of the type Estimate.
type shape struct {
	kind   shapeKind
	fields map[string]*shape
	order  []string // of fields, as people read them
	others *shape   // any other key: user ids, and group names that only the data fixes
	share  bool     // number, or numbers of an estimate: from 0 to 1
}

type shapeKind int

const (
	shapeNumber shapeKind = iota
	shapeEstimate
	shapeList // of numbers
	shapeObject
)

func (s *shape) noun() string {
	return [...]string{"a number", "an estimate", "a list of numbers", "an object of results"}[s.kind]
}

var (
	estimateFields = []string{"mean", "se", "low", "high", "n", "median", "sd_runs"}

	numberShape   = &shape{}
	shareShape    = &shape{share: true}
	listShape     = &shape{kind: shapeList}
	estimateShape = estimateOf(false)
	shareEstimate = estimateOf(true)
)

// estimateOf is the shape of an estimate; its positions on the scale are shares where the estimate is one.
func estimateOf(share bool) *shape {
	s := &shape{kind: shapeEstimate, fields: map[string]*shape{}, order: estimateFields, share: share}
	for _, name := range estimateFields {
		s.fields[name] = numberShape
		if share && name != "n" && name != "se" && name != "sd_runs" {
			s.fields[name] = shareShape
		}
	}
	return s
}

type field struct {
	name  string
	shape *shape
}

func objectShape(fields ...field) *shape {
	s := &shape{kind: shapeObject, fields: map[string]*shape{}}
	for _, f := range fields {
		s.fields[f.name], s.order = f.shape, append(s.order, f.name)
	}
	return s
}

func openShape(elem *shape) *shape { return &shape{kind: shapeObject, others: elem} }

// groupShape is .groups: the names that the spec fixes, or any.
func groupShape(groups []string, fixed bool, elem *shape) *shape {
	if !fixed {
		return openShape(elem)
	}
	s := objectShape()
	for _, g := range groups {
		s.fields[g], s.order = elem, append(s.order, g)
	}
	return s
}

func accuracyShape(groups []string, fixed bool) *shape {
	return objectShape(
		field{"top", shareEstimate}, field{"generic", shareEstimate}, field{"average", shareEstimate},
		field{"groups", groupShape(groups, fixed, shareEstimate)}, field{"users", openShape(shareEstimate)},
		field{"vote_gap", objectShape(
			field{"top", shareEstimate}, field{"generic", shareEstimate}, field{"average", shareEstimate},
			field{"groups", groupShape(groups, fixed, shareEstimate)}, field{"users", openShape(shareEstimate)})},
		field{"control", objectShape(field{"swapped", shareEstimate}, field{"shuffled", shareEstimate}, field{"generic", shareEstimate})},
		field{"ties", shareShape}, field{"longer_wins", shareShape},
		field{"longer", objectShape(
			field{"top", shareEstimate}, field{"generic", shareEstimate}, field{"average", shareEstimate},
			field{"groups", groupShape(groups, fixed, shareEstimate)}, field{"users", openShape(shareEstimate)}, field{"ties", shareEstimate})})
}

func generateShape(groups []string, fixed, rewarded bool) *shape {
	numbers := objectShape(field{"generic", estimateShape}, field{"average", estimateShape},
		field{"groups", groupShape(groups, fixed, estimateShape)}, field{"users", openShape(estimateShape)})
	if rewarded {
		return objectShape(field{"words", numbers}, field{"reward", numbers})
	}
	return objectShape(field{"words", numbers})
}

// adaptShape is adapt.A.after[n]: an accuracy by number of comparisons.
func adaptShape(comparisons []int, groups []string, fixed bool) *shape {
	after := objectShape()
	for _, n := range comparisons {
		key := strconv.Itoa(n)
		after.fields[key], after.order = accuracyShape(groups, fixed), append(after.order, key)
	}
	return objectShape(field{"after", after})
}

// winRateShape is win_rate.W.
func winRateShape(groups []string, fixed bool) *shape {
	return objectShape(
		field{"per_sample", shareEstimate}, field{"per_user", shareEstimate}, field{"average", shareEstimate},
		field{"seen", shareEstimate}, field{"unseen", shareEstimate},
		field{"groups", groupShape(groups, fixed, shareEstimate)}, field{"users", openShape(shareEstimate)},
		field{"length_controlled", shareEstimate},
		field{"ties", shareShape}, field{"flipped", shareShape}, field{"failed", shareShape},
		field{"verdicts", countsShape("judged", "wins", "losses", "ties", "failed", "flipped")},
		field{"sign_test", shareShape}, field{"detectable", shareShape}, field{"longer_wins", shareEstimate},
		field{"longer", objectShape(
			field{"per_sample", shareEstimate}, field{"per_user", shareEstimate}, field{"average", shareEstimate},
			field{"seen", shareEstimate}, field{"unseen", shareEstimate},
			field{"groups", groupShape(groups, fixed, shareEstimate)}, field{"users", openShape(shareEstimate)})})
}

func countsShape(names ...string) *shape {
	s := objectShape()
	for _, name := range names {
		s.fields[name], s.order = numberShape, append(s.order, name)
	}
	return s
}

// agreementShape is agreement.A. kappa runs from -1 to 1.
func agreementShape() *shape {
	return objectShape(field{"share", shareEstimate}, field{"kappa", estimateShape}, field{"users", openShape(shareEstimate)},
		field{"flipped", shareShape}, field{"first_wins", shareShape}, field{"longer_wins", shareShape},
		field{"longer", objectShape(field{"share", shareEstimate}, field{"users", openShape(shareEstimate)})},
		field{"verdicts", countsShape("judged", "agreed", "disagreed", "ties", "failed", "flipped")}, field{"tokens", numberShape})
}

// statisticsShape is dataset.D.statistics: counts of comparisons, users, prompts, conversations and their turns.
func statisticsShape(groups []string, fixed bool) *shape {
	counts := objectShape(field{"all", numberShape}, field{"seen", numberShape}, field{"unseen", numberShape})
	for _, g := range groups {
		for _, name := range []string{g, "seen_" + g, "unseen_" + g} {
			counts.fields[name], counts.order = numberShape, append(counts.order, name)
		}
	}
	counts.fields["by_user"], counts.fields["kept"] = listShape, numberShape
	counts.order = append(counts.order, "by_user", "kept")
	if !fixed {
		counts.others = numberShape
	}
	return objectShape(field{"comparisons", counts}, field{"train", counts}, field{"test", counts},
		field{"users", counts}, field{"prompts", counts}, field{"conversations", counts},
		field{"turns", counts})
}

// RLCurves are the curves that policy optimisation has beside the loss.
var RLCurves = []string{"reward", "kl", "entropy", "length", "clipped"}

func trainShape(evaluated, rl bool) *shape {
	names := []string{"loss"}
	if evaluated {
		names = append(names, "top", "generic", "average")
	}
	if rl {
		names = append(names, RLCurves...)
	}
	curves := objectShape()
	for _, name := range names {
		curves.fields[name], curves.order = listShape, append(curves.order, name)
	}
	return objectShape(
		field{"parameters", objectShape(field{"user_model", numberShape}, field{"adapter", numberShape}, field{"base", numberShape})},
		field{"curves", curves})
}

// names lists the fields that a result is known to have.
func (s *shape) names() []string { return s.order }

func (s *shape) at(name string) *shape {
	if f, ok := s.fields[name]; ok {
		return f
	}
	return s.others
}
