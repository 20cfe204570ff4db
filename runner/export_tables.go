// Rows of results as CSV and Parquet have them, and texts as AlpacaEval has them.
package runner

import (
	"fmt"
	"iter"
	"math"
	"os"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/judges"
)

// Every table begins with where a row is from: the block instance, and which of its training seeds (from 0). Users have
// the name that reports give them and their index, 0 for those who are not in the data set's train side and for nobody.

type exportedScore struct {
	Address          string  `arrow:"address"`
	Run              int32   `arrow:"run"`
	Row              int64   `arrow:"row"` // of comparisons.arrow
	User             string  `arrow:"user"`
	UserIndex        int32   `arrow:"user_index"`
	Group            string  `arrow:"group"`
	Seen             bool    `arrow:"seen"` // by the policy
	Pass             string  `arrow:"pass"` // user, swapped, shuffled, generic
	ChosenLogps      float64 `arrow:"chosen_logps"`
	RejectedLogps    float64 `arrow:"rejected_logps"`
	RefChosenLogps   float64 `arrow:"ref_chosen_logps"` // NaN where the objective has no reference
	RefRejectedLogps float64 `arrow:"ref_rejected_logps"`
	ChosenReward     float64 `arrow:"chosen_reward"`
	RejectedReward   float64 `arrow:"rejected_reward"`
	Margin           float64 `arrow:"margin"`
	Right            bool    `arrow:"right"` // the margin is above 0
}

type exportedResponse struct {
	Address   string  `arrow:"address"`
	Run       int32   `arrow:"run"`
	Prompt    int64   `arrow:"prompt"` // its number
	User      string  `arrow:"user"`
	UserIndex int32   `arrow:"user_index"`
	Group     string  `arrow:"group"`
	Sample    int32   `arrow:"sample"`
	Text      string  `arrow:"prompt_text"`
	Response  string  `arrow:"text"`
	Words     int32   `arrow:"words"`
	Tokens    int32   `arrow:"tokens"`
	Finished  bool    `arrow:"finished"`
	Reward    float64 `arrow:"reward"` // NaN where no reward model ranked the texts
}

type exportedVerdict struct {
	Address   string `arrow:"address"`
	Run       int32  `arrow:"run"`
	Item      int64  `arrow:"item"` // both orders of a pair have its number
	User      string `arrow:"user"`
	UserIndex int32  `arrow:"user_index"`
	Group     string `arrow:"group"`
	Seen      bool   `arrow:"seen"`
	Prompt    string `arrow:"prompt"`
	Candidate string `arrow:"candidate"`
	Baseline  string `arrow:"baseline"`
	Turned    bool   `arrow:"turned"`  // the candidate was shown second
	Winner    string `arrow:"winner"`  // first, second, tie, unscored, in the order shown
	Outcome   string `arrow:"outcome"` // candidate, baseline, tie, unscored
	Raw       string `arrow:"raw"`     // the judge's answer; "" unless asked for, as it may quote what a user said
	Problem   string `arrow:"problem"`
	TokensIn  int64  `arrow:"tokens_in"`
	TokensOut int64  `arrow:"tokens_out"`
}

type exportedPoint struct {
	Address string  `arrow:"address"`
	Run     int32   `arrow:"run"`
	Step    int64   `arrow:"step"`
	Name    string  `arrow:"name"`
	Value   float64 `arrow:"value"`
}

func (x *resultExport) score(p part, _ int, s arrowio.Score) (exportedScore, bool) {
	return exportedScore{p.addr, p.run, s.Row, x.people.name(s.User), x.people.index(s.User), s.Group, s.Seen, s.Pass, s.ChosenLogps, s.RejectedLogps,
		s.RefChosenLogps, s.RefRejectedLogps, s.ChosenReward, s.RejectedReward, s.Margin, s.Margin > 0}, x.wanted(s.User)
}

func (x *resultExport) response(p part, rewards []rewarded, i int, r arrowio.Response) (exportedResponse, bool) {
	reward := math.NaN()
	if rewards != nil {
		reward = rewards[i].Reward
	}
	return exportedResponse{p.addr, p.run, r.Prompt, x.people.name(r.User), x.people.index(r.User), x.people.group(r.User), r.Sample, r.PromptText, r.Text,
		r.Words, r.Tokens, r.Finished, reward}, x.wanted(r.User)
}

func (x *resultExport) verdict(p part, _ int, v arrowio.Verdict) (exportedVerdict, bool) {
	raw := v.Raw
	if !x.people.texts {
		raw = ""
	}
	return exportedVerdict{p.addr, p.run, v.Item, x.people.name(v.User), x.people.index(v.User), v.Group, v.Seen, v.Prompt, v.Candidate, v.Baseline, v.Turned,
		v.Winner, outcomeOf(v), raw, x.people.drawing.problem(v), v.TokensIn, v.TokensOut}, x.wanted(v.User)
}

// outcomeOf says which side a verdict is for, whatever order they were shown in.
func outcomeOf(v arrowio.Verdict) string {
	w, _ := judges.WinnerNamed(v.Winner)
	switch {
	case w != judges.First && w != judges.Second:
		return v.Winner
	case (w == judges.First) != v.Turned:
		return "candidate"
	}
	return "baseline"
}

func (x *resultExport) curve(p part, _ int, c arrowio.Point) (exportedPoint, bool) {
	return exportedPoint{p.addr, p.run, c.Step, c.Name, c.Value}, true
}

// rewards are those of ranked texts, by the node that has them.
func (x *resultExport) rewards() (map[*Node][]rewarded, error) {
	out := map[*Node][]rewarded{}
	for _, p := range x.parts {
		if p.node.Kind != kindRank {
			continue
		}
		rows, err := arrowio.Read[rewarded](p.artifact.Path(rewardsFile))
		if err != nil {
			return nil, err
		}
		out[p.node] = rows
	}
	return out, nil
}

// rowsOf yields the rows of a file of every part, as they are exported.
func rowsOf[A, B any](x *resultExport, file string, as func(part, int, A) (B, bool)) iter.Seq2[B, error] {
	return func(yield func(B, error) bool) {
		for _, p := range x.parts {
			if !partRows(p, file, as, yield) {
				return
			}
		}
	}
}

// partRows yields the rows of one part and reports whether to go on.
func partRows[A, B any](p part, file string, as func(part, int, A) (B, bool), yield func(B, error) bool) bool {
	var none B
	t, err := arrowio.Open[A](p.artifact.Path(file))
	if err != nil {
		yield(none, err)
		return false
	}
	defer t.Close()
	i := 0
	for row, err := range t.All() {
		if err != nil {
			yield(none, err)
			return false
		}
		if out, wanted := as(p, i, row); wanted && !yield(out, nil) {
			return false
		}
		i++
	}
	return true
}

// writeTable writes rows in the export's format and counts them.
func writeTable[T any](x *resultExport, path string, rows iter.Seq2[T, error]) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	counted := func(yield func(T, error) bool) {
		for row, err := range rows {
			if err == nil {
				x.done.Rows++
			}
			if !yield(row, err) {
				return
			}
		}
	}
	if x.Format == FormatParquet {
		err = arrowio.WriteParquet(f, counted)
	} else {
		err = arrowio.WriteCSV(f, counted)
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// alpacaOutput is an entry of AlpacaEval's model outputs [tatsu-lab/alpaca_eval README, "model_outputs"]: instruction, output
// and generator are what it reads, dataset tells sets of instructions apart, and what follows is ours. User is not there
// unless ids are asked for: data sets of format "responses" take it for an id.
type alpacaOutput struct {
	Dataset     string `json:"dataset"`
	Instruction string `json:"instruction"`
	Output      string `json:"output"`
	Generator   string `json:"generator"`
	UserIndex   int32  `json:"user_index"`
	User        string `json:"user,omitempty"`
	Sample      int32  `json:"sample,omitempty"`
}

// writeAlpacaEval writes the texts of one block instance, of several seeds those of the first.
func (x *resultExport) writeAlpacaEval(path string) error {
	p := x.parts[0]
	if p.runs > 1 {
		x.done.Note = fmt.Sprintf("%s has texts of %d training seeds; these are of the first", p.addr, p.runs)
	}
	var sets []string
	for _, d := range textsOf(p.node).data.sets() {
		sets = append(sets, d.Addr.Name)
	}
	outputs := []alpacaOutput{}
	one := func(_ part, _ int, r arrowio.Response) (alpacaOutput, bool) {
		o := alpacaOutput{Dataset: joinComma(sets), Instruction: r.PromptText, Output: r.Text, Generator: p.name, UserIndex: x.people.index(r.User), Sample: r.Sample}
		if x.people.ids {
			o.User = r.User
		}
		return o, x.wanted(r.User)
	}
	var failed error
	partRows(p, responsesFile, one, func(o alpacaOutput, err error) bool {
		if err != nil {
			failed = err
			return false
		}
		outputs = append(outputs, o)
		return true
	})
	if failed != nil {
		return failed
	}
	x.done.Rows = len(outputs)
	return writeJSONFile(path, outputs)
}

// textsOf is the generate stage whose texts a node has, all of them or the best.
func textsOf(n *Node) *generateStage {
	if r, ranked := n.Stage.(*rankStage); ranked {
		n = r.texts
	}
	return n.Stage.(*generateStage)
}
