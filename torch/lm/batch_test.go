package lm_test

import (
	"reflect"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
)

func TestBatchAdd(t *testing.T) {
	pair := lm.Group{BOS: 9, Soft: 2, UserText: []int32{8}, Prompt: []int32{7, 6}, Responses: [][]int32{{5, 4, 3}, {2, 1}}}
	for _, c := range []struct {
		name   string
		groups []lm.Group
		want   lm.Batch
	}{
		{"a pair: the second response goes on from the prompt", []lm.Group{pair}, lm.Batch{
			IDs:       []int64{9, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1},
			Positions: []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 6, 7},
			SoftAt:    []int64{1, 2},
			Segments:  []lm.Segment{{0, 9, 0, 9, 0, 0}, {9, 2, 0, 6, 9, 2}},
			Selected:  []int64{5, 6, 7, 5, 9},
			Targets:   []int64{5, 4, 3, 2, 1},
			Tail:      []lm.Segment{{0, 3, 0, 6, 6, 2}, {3, 2, 0, 6, 9, 1}},
			Responses: []lm.Span{{0, 3}, {3, 2}},
		}},
		{"one response of one token", []lm.Group{{BOS: -1, Prompt: []int32{7}, Responses: [][]int32{{5}}}}, lm.Batch{
			IDs: []int64{7, 5}, Positions: []int64{0, 1},
			Segments: []lm.Segment{{0, 2, 0, 2, 0, 0}},
			Selected: []int64{0}, Targets: []int64{5},
			Tail:      []lm.Segment{{0, 1, 0, 1, 1, 0}},
			Responses: []lm.Span{{0, 1}},
		}},
		{"two groups behind each other, the second with an offset", []lm.Group{
			{BOS: 9, Responses: [][]int32{{5, 4}}}, {BOS: -1, Prompt: []int32{7}, Responses: [][]int32{{3}}, Offset: 10}}, lm.Batch{
			IDs: []int64{9, 5, 4, 7, 3}, Positions: []int64{0, 1, 2, 10, 11},
			Segments: []lm.Segment{{0, 3, 0, 3, 0, 0}, {3, 2, 3, 2, 0, 0}},
			Selected: []int64{0, 1, 3}, Targets: []int64{5, 4, 3},
			Tail:      []lm.Segment{{0, 2, 0, 1, 1, 1}, {2, 1, 3, 1, 4, 0}},
			Responses: []lm.Span{{0, 2}, {2, 1}},
		}},
		{"a prompt to go on from", []lm.Group{{BOS: 9, Soft: 1, Prompt: []int32{7}}, {BOS: 9, Prompt: []int32{6}}}, lm.Batch{
			IDs: []int64{9, 0, 7, 9, 6}, Positions: []int64{0, 1, 2, 0, 1}, SoftAt: []int64{1},
			Segments: []lm.Segment{{0, 3, 0, 3, 0, 0}, {3, 2, 3, 2, 0, 0}},
			Selected: []int64{2, 4},
			Tail:     []lm.Segment{{0, 1, 0, 3, 0, 0}, {1, 1, 3, 2, 0, 0}},
		}},
		{"last tokens, which see their whole response", []lm.Group{pair, {BOS: 9, Responses: [][]int32{{5}}}}, lm.Batch{
			LastOnly:  true,
			IDs:       []int64{9, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 9, 5},
			Positions: []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 6, 7, 0, 1},
			SoftAt:    []int64{1, 2},
			Segments:  []lm.Segment{{0, 9, 0, 9, 0, 0}, {9, 2, 0, 6, 9, 2}, {11, 2, 11, 2, 0, 0}},
			Selected:  []int64{8, 10, 12},
			Tail:      []lm.Segment{{0, 1, 0, 6, 6, 3}, {1, 1, 0, 6, 9, 2}, {2, 1, 11, 1, 12, 1}},
			Responses: []lm.Span{{0, 1}, {1, 1}, {2, 1}},
		}},
	} {
		b := lm.Batch{LastOnly: c.want.LastOnly}
		tokens := 0
		for _, g := range c.groups {
			b.Add(g)
			tokens += g.Tokens()
		}
		if !reflect.DeepEqual(b, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, b, c.want)
		}
		if tokens != len(b.IDs) {
			t.Errorf("%s: Tokens says %d, packed are %d", c.name, tokens, len(b.IDs))
		}
	}
	if n := pair.Prefix(); n != 6 {
		t.Errorf("the prefix has %d tokens; want 6", n)
	}
}
