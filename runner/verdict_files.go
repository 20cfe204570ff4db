// The files of a judge stage, written as the answers come, in the order of the questions.
package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/judges"
)

// verdictFiles are verdicts.arrow and the same as a judge of kind replay reads them.
type verdictFiles struct {
	stage    *judgeStage
	people   map[string]person
	table    *arrowio.Writer[arrowio.Verdict]
	file     *os.File
	recorded *json.Encoder

	count, failed int
	last          question // the last without a verdict, with what was answered
	said          judges.Answer
}

func (s *judgeStage) create(e *Env, people map[string]person) (*verdictFiles, error) {
	table, err := arrowio.Create[arrowio.Verdict](e.File(verdictsFile))
	if err != nil {
		return nil, err
	}
	file, err := os.Create(e.File(recordedName))
	if err != nil {
		return nil, errors.Join(err, table.Close())
	}
	f := &verdictFiles{stage: s, people: people, table: table, file: file, recorded: json.NewEncoder(file)}
	f.recorded.SetEscapeHTML(false)
	return f, nil
}

// write adds a verdict.
func (f *verdictFiles) write(q question, a judges.Answer) error {
	f.count++
	if a.Winner == judges.Unscored {
		f.failed, f.last, f.said = f.failed+1, q, a
	}
	p := q.pair
	who := f.people[p.user]
	err := f.table.Append(arrowio.Verdict{Item: int64(q.item), User: p.user, Group: who.group, Seen: who.seen,
		Prompt: p.prompt, Candidate: p.candidate, Baseline: p.baseline, Turned: q.turned, Winner: a.Winner.String(), Raw: a.Raw,
		Problem: a.Problem, TokensIn: int64(a.TokensIn), TokensOut: int64(a.TokensOut)})
	if err != nil {
		return err
	}
	return f.recorded.Encode(judges.Recorded{Prompt: q.Prompt, User: p.user, First: q.First, Second: q.Second, Winner: a.Winner.String(), Raw: a.Raw})
}

// Close ends the files. Calling it a second time does nothing.
func (f *verdictFiles) Close() error {
	if f.file == nil {
		return nil
	}
	err := errors.Join(f.table.Close(), f.file.Close())
	f.file = nil
	return err
}

// checkFailed fails the stage where too many verdicts cannot be used, with one of them. Users are not named, and what is said of them is
// not repeated.
func (f *verdictFiles) checkFailed() error {
	most := f.stage.spec.MaxFailed
	if f.count == 0 || float64(f.failed)/float64(f.count) <= most {
		return nil
	}
	id := f.last.Person.ID
	name := f.people[id].nameless()
	example := withoutName(f.said.Problem, id, name)
	if raw := f.said.Raw; raw != "" {
		if f.stage.tellsID(f.stage.spec) {
			raw = strings.ReplaceAll(raw, id, name)
		}
		example += fmt.Sprintf(" (the judge said %.400q)", f.last.Redact(raw))
	}
	return fmt.Errorf("%d of %d verdicts cannot be used, more than max_failed = %g allows; the last one: %s", f.failed, f.count, most, example)
}
