package dsl

// Shapes in words, for the reference.

import "strings"

// words says what a result is made of, fields of one kind together: "estimate of a share: top, generic; share: ties".
func (s *shape) words() string {
	switch {
	case s.kind == shapeNumber && s.share:
		return "share"
	case s.kind == shapeNumber:
		return "number"
	case s.kind == shapeList:
		return "list of numbers"
	case s.kind == shapeEstimate && s.fields["mean"].share:
		return "estimate of a share"
	case s.kind == shapeEstimate:
		return "estimate"
	}
	var kinds []string
	names := map[string][]string{}
	note := func(kind, name string) {
		if names[kind] == nil {
			kinds = append(kinds, kind)
		}
		names[kind] = append(names[kind], name)
	}
	for _, name := range s.order {
		field, below := s.fields[name].members()
		note(field.words(), name+below)
	}
	if s.others != nil {
		note(s.others.words(), "NAME")
	}
	parts := make([]string, len(kinds))
	for i, kind := range kinds {
		parts[i] = kind
		if strings.Contains(kind, ": ") {
			parts[i] = "{ " + kind + " }"
		}
		parts[i] += ": " + strings.Join(names[kind], ", ")
	}
	return strings.Join(parts, "; ")
}

// members is what a table by user or group holds, and how a member of it is written; other shapes stay.
func (s *shape) members() (of *shape, below string) {
	for s.others != nil && len(s.order) == 0 {
		s, below = s.others, below+".NAME"
	}
	return s, below
}

// unite is a shape with the fields of two, the first one's first; nil is no shape.
func unite(a, b *shape) *shape {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	if a.kind != shapeObject || b.kind != shapeObject {
		return a
	}
	u := &shape{kind: shapeObject, fields: map[string]*shape{}, others: unite(a.others, b.others)}
	for _, s := range []*shape{a, b} {
		for _, name := range s.order {
			if u.fields[name] == nil {
				u.order = append(u.order, name)
			}
			u.fields[name] = unite(u.fields[name], s.fields[name])
		}
	}
	return u
}
