package torch

import (
	"encoding/binary"
	"slices"
)

// equalUnits are units that ask for the same log-probs: one user, text and prompt, and the same responses in any order. The
// first of them is packed; the losses of all of them add up on its responses. Where many users vote on the same pairs, and
// in the generic pass, which has one user for all, that is most of the work.
type equalUnits []unit

// bundle puts equal units together, in the order of their first.
func bundle(list []unit, examples []Example) []equalUnits {
	var out []equalUnits
	at := map[string]int{}
	for _, u := range list {
		key := askedFor(u, examples[u.example])
		k, met := at[key]
		if !met {
			k = len(out)
			at[key] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], u)
	}
	return out
}

// askedFor names what a unit asks for.
func askedFor(u unit, e Example) string {
	responses := make([]string, len(e.Responses))
	for i, r := range e.Responses {
		responses[i] = idText(r)
	}
	slices.Sort(responses)
	key := idText([]int32{u.user, int32(e.Offset)}) + idText(u.text) + idText(e.Prompt)
	for _, r := range responses {
		key += r
	}
	return key
}

// idText is ids with their number, as text.
func idText(ids []int32) string {
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, 4*len(ids)+4), uint32(len(ids)))
	for _, id := range ids {
		b = binary.LittleEndian.AppendUint32(b, uint32(id))
	}
	return string(b)
}

// placed are the units with the places of their responses, when those of the first are added behind so many others.
func (q equalUnits) placed(examples []Example, before int) []unit {
	first := examples[q[0].example].Responses
	out := slices.Clone(q)
	for i := range out {
		taken := make([]bool, len(first)) // a row may have the same response twice
		own := examples[out[i].example].Responses
		out[i].at = make([]int, len(own))
		for j, r := range own {
			k := 0
			for taken[k] || !slices.Equal(first[k], r) {
				k++
			}
			taken[k] = true
			out[i].at[j] = before + k
		}
	}
	return out
}
