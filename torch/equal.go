package torch

import (
	"encoding/binary"
	"slices"

	"github.com/prlhf/prlhf/torch/lm"
)

// shared are units that have one prefix: one user, text and prompt. The prefix is computed once, and so is each of the
// responses that they ask for; the losses of all of them add up on it. Where many users vote on the same pairs, where a
// prompt stands in several rows, and in the generic pass, which has one user for all, that is most of the work.
type shared struct {
	group lm.Group
	units []unit // at: places among the group's responses
}

// alone is a unit by itself, with its responses as they are.
func alone(u unit, g lm.Group) *shared {
	u.at = make([]int, len(g.Responses))
	for i := range u.at {
		u.at[i] = i
	}
	return &shared{g, []unit{u}}
}

// bundle puts units with one prefix together, in the order of their first, as long as what they ask for fits a micro-batch.
func bundle(list []unit, examples []Example, in packing) ([]*shared, error) {
	var out []*shared
	open := map[string]*shared{} // the last one of its prefix
	for _, u := range list {
		g, err := groupOf(u, examples[u.example], in)
		if err != nil {
			return nil, err
		}
		key := prefixText(u, g)
		if s := open[key]; s != nil && s.take(u, g.Responses, in.budget) {
			continue
		}
		s := &shared{group: g}
		s.group.Responses = nil
		s.take(u, g.Responses, in.budget)
		open[key] = s
		out = append(out, s)
	}
	return out, nil
}

// take adds a unit, and those of its responses that are not there yet. It refuses one whose responses make the group longer
// than a micro-batch, unless it is the first.
func (s *shared) take(u unit, responses [][]int32, budget int) bool {
	longer := s.group
	u.at = make([]int, len(responses))
	for i, r := range responses {
		k := slices.IndexFunc(longer.Responses, func(other []int32) bool { return slices.Equal(other, r) })
		if k < 0 {
			k = len(longer.Responses)
			longer.Responses = append(longer.Responses, r)
		}
		u.at[i] = k
	}
	if len(s.units) > 0 && len(longer.Responses) > len(s.group.Responses) && longer.Tokens() > budget {
		return false
	}
	s.group, s.units = longer, append(s.units, u)
	return true
}

// prefixText names what comes before a unit's responses.
func prefixText(u unit, g lm.Group) string {
	return idText([]int32{u.user, int32(g.Offset)}) + idText(g.UserText) + idText(g.Prompt)
}

// idText is ids with their number, as text.
func idText(ids []int32) string {
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, 4*len(ids)+4), uint32(len(ids)))
	for _, id := range ids {
		b = binary.LittleEndian.AppendUint32(b, uint32(id))
	}
	return string(b)
}
