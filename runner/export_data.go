// Data sets as tables: the comparisons as a spec reads them, the people who made them, and the counts of a report's data.
package runner

import (
	"iter"
	"math"
	"strings"

	"github.com/prlhf/prlhf/dsl"
)

// Tables of a data set, by what follows its address; the comparisons by the address alone.
const (
	tableUsers      = ".users"
	tableStatistics = ".statistics"
)

// tableAt parts the address of a data set's table; of everything else table is "".
func (p *Plan) tableAt(addr string) (base, table string) {
	for _, table := range []string{tableUsers, tableStatistics} {
		base, cut := strings.CutSuffix(addr, table)
		if items := p.itemsAt(base); cut && len(items) > 0 {
			if _, set := items[0].(*dsl.Dataset); set {
				return base, table
			}
		}
	}
	return addr, ""
}

// exportedComparison is a usable row. Responses and their words are "" and 0 where unpaired data has one on the other side.
type exportedComparison struct {
	Address       string `arrow:"address"`
	Row           int64  `arrow:"row"` // as in the tables of accuracies
	User          string `arrow:"user"`
	UserIndex     int32  `arrow:"user_index"`
	Group         string `arrow:"group"`
	Seen          bool   `arrow:"seen"`
	Split         string `arrow:"split"`        // train, test; "": a training row of an unseen user, or a text without a choice
	Conversation  string `arrow:"conversation"` // its id; "" unless ids are asked for
	Turn          int32  `arrow:"turn"`
	Prompt        string `arrow:"prompt"`
	Chosen        string `arrow:"chosen"` // the simulated choice where there is one
	Rejected      string `arrow:"rejected"`
	ChosenWords   int32  `arrow:"chosen_words"`
	RejectedWords int32  `arrow:"rejected_words"`
	Swapped       bool   `arrow:"swapped"` // the recorded choice was the other one
}

// exportedPerson is a person of a data set. Recorded comparisons are counted before unusable rows go, as in the statistics;
// usable ones are those whose words the means are of.
type exportedPerson struct {
	Address          string  `arrow:"address"`
	User             string  `arrow:"user"`
	UserIndex        int32   `arrow:"user_index"`
	Group            string  `arrow:"group"`
	Seen             bool    `arrow:"seen"`
	TrainComparisons int64   `arrow:"train_comparisons"`
	TestComparisons  int64   `arrow:"test_comparisons"`
	Usable           int64   `arrow:"usable"`
	Prompts          int64   `arrow:"prompts"`      // distinct, of usable comparisons
	ChosenWords      float64 `arrow:"chosen_words"` // mean; NaN: none
	RejectedWords    float64 `arrow:"rejected_words"`
	Prefers          string  `arrow:"prefers"`    // longer, shorter where choices are simulated
	Text             string  `arrow:"text"`       // "" unless asked for
	Attributes       string  `arrow:"attributes"` // what else the data has about them; "" unless asked for by -personal
}

// exportedCount is a number of a data set's statistics.
type exportedCount struct {
	Address string  `arrow:"address"`
	What    string  `arrow:"what"` // users, prompts, comparisons, train ...
	Of      string  `arrow:"of"`   // all, kept, seen, unseen, a group, seen_ and unseen_ before one
	Count   int64   `arrow:"count"`
	Paper   float64 `arrow:"paper"` // NaN: it has none
}

func (x *resultExport) writeData(path string) error {
	switch x.table {
	case tableUsers:
		return writeTable(x, path, eachSet(x, x.userRows))
	case tableStatistics:
		return writeTable(x, path, eachSet(x, x.countRows))
	}
	return writeTable(x, path, eachSet(x, x.comparisonRows))
}

// eachSet yields the rows of every data set of the export.
func eachSet[T any](x *resultExport, rows func(p part, d *dsl.Dataset, yield func(T) bool) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for i, p := range x.parts {
			on := true
			err := rows(p, x.items[i].(*dsl.Dataset), func(row T) bool {
				on = yield(row, nil)
				return on
			})
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			if !on {
				return
			}
		}
	}
}

// openSet opens a data set's rows as its split sees them; close the world in the end.
func (x *resultExport) openSet(p part, d *dsl.Dataset) (*world, error) {
	rows := p.node.Stage.(*splitStage).rows
	e, err := storedEnv(x.st, p.addr, []*Node{rows, p.node}, nil)
	if err != nil {
		return nil, err
	}
	return dataInputs{{set: d, rows: rows, split: p.node}}.open(e)
}

func (x *resultExport) comparisonRows(p part, d *dsl.Dataset, yield func(exportedComparison) bool) error {
	w, err := x.openSet(p, d)
	if err != nil {
		return err
	}
	defer w.Close()
	for i, a := range w.tables[0].rows {
		r := rowRef{0, i}
		u := w.userOf(r)
		if !x.wanted(u.ID) {
			continue
		}
		c, err := w.comparison(r)
		if err != nil {
			return err
		}
		if !x.people.ids {
			c.Conversation = ""
		}
		row := exportedComparison{p.addr, c.Row, x.people.name(u.ID), u.Index, u.Group, u.Seen, c.Split, c.Conversation, c.Turn, c.Prompt, c.Chosen, c.Rejected,
			wordsIn(c.Chosen), wordsIn(c.Rejected), a.swapped}
		if !yield(row) {
			return nil
		}
	}
	return nil
}

func wordsIn(text string) int32 { return int32(len(strings.Fields(text))) }

// meanWords is the mean length of responses, those that are not there left out.
type meanWords struct{ words, responses float64 }

func (m *meanWords) add(text string) {
	if text != "" {
		m.words += float64(wordsIn(text))
		m.responses++
	}
}

func (m meanWords) mean() float64 { return m.words / m.responses } // NaN: none

func (x *resultExport) userRows(p part, d *dsl.Dataset, yield func(exportedPerson) bool) error {
	w, err := x.openSet(p, d)
	if err != nil {
		return err
	}
	defer w.Close()
	t := w.tables[0]
	usable, prompts := make([]int64, len(t.users)), make([]map[textKey]bool, len(t.users))
	chosen, rejected := make([]meanWords, len(t.users)), make([]meanWords, len(t.users))
	for i, a := range t.rows {
		c, err := w.comparison(rowRef{0, i})
		if err != nil {
			return err
		}
		if prompts[a.user] == nil {
			prompts[a.user] = map[textKey]bool{}
		}
		prompts[a.user][t.keys[i].Prompt] = true
		usable[a.user]++
		chosen[a.user].add(c.Chosen)
		rejected[a.user].add(c.Rejected)
	}
	for i, u := range t.users {
		if !x.wanted(u.ID) {
			continue
		}
		if !x.people.texts {
			u.Text = ""
		}
		if !x.Personal { // no report shows them
			u.Attributes = ""
		}
		row := exportedPerson{p.addr, x.people.name(u.ID), u.Index, u.Group, u.Seen, u.TrainComparisons, u.TestComparisons, usable[i], int64(len(prompts[i])),
			chosen[i].mean(), rejected[i].mean(), u.Prefers, u.Text, u.Attributes}
		if !yield(row) {
			return nil
		}
	}
	return nil
}

// countRows are the numbers of `dataset.D.statistics` but for the list of users, who have a table of their own.
func (x *resultExport) countRows(p part, d *dsl.Dataset, yield func(exportedCount) bool) error {
	result, err := readResult(p.artifact.Path(resultFile))
	if err != nil {
		return err
	}
	statistics, _ := result["statistics"].(map[string]dsl.Value)
	for _, what := range sortedKeys(statistics) {
		counts, _ := statistics[what].(map[string]dsl.Value)
		for _, of := range sortedKeys(counts) {
			n, isCount := counts[of].(float64)
			if !isCount {
				continue
			}
			paper := math.NaN()
			if e, ok := estimateOf(at(d.Paper, what, of)); ok {
				paper = e.Mean
			}
			if !yield(exportedCount{p.addr, what, of, int64(n), paper}) {
				return nil
			}
		}
	}
	return nil
}
