// What a judge who plays users is told of their turns (Section 5.3 and Table 9 of the paper): the feedback on the
// conversation that the judged sample is from, and the user's other turns with what they chose, later ones too. It is read
// from roleplay.arrow here, for questions, and nowhere else.
package runner

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/judges"
)

// playVersion is of which turns are told, and in which order. Version 2: of two data sets those of the one with the judged turn.
const playVersion = 2

// turnsTold describes what a judge is told of turns.
func (s *judgeStage) turnsTold() string {
	return fmt.Sprintf("version %d, seed %d, texts of %d characters, %d in all", playVersion, s.spec.Seed, judges.MostText, judges.MostExamples)
}

// played are the data sets whose turns the judge is told; none for a judge who does not play. Where choices are simulated,
// what the turns say is not what the user was made to like.
func (s *judgeStage) played() dataInputs {
	if !s.spec.ShowsTurns() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.people), func(d dataInput) bool { return d.set.Format != "prism" || len(d.set.Simulate) > 0 })
}

// plays are what the data sets say of the turns of those whom questions are about; of a user who is in
// two the one counts that the judged turn is from, else the first.
type plays struct {
	of   []*play
	seed int64
}

func (s *judgeStage) readPlays(e *Env, q *questions) (plays, error) {
	out := plays{seed: s.spec.Seed}
	played := s.played()
	if len(played) == 0 {
		return out, nil
	}
	users, prompts := map[string]bool{}, map[textKey]bool{}
	for i := range q.pairs.Len() {
		p, err := q.pairs.At(i)
		if err != nil {
			return out, err
		}
		users[p.user], prompts[keyOf(p.user, p.prompt)] = true, true
	}
	for _, d := range played {
		p, err := readPlay(e, d, users, prompts)
		if err != nil {
			return out, errors.Join(err, out.Close())
		}
		out.of = append(out.of, p)
	}
	return out, nil
}

// Close ends the tables of turns.
func (p plays) Close() error {
	var errs []error
	for _, of := range p.of {
		errs = append(errs, of.turns.Close())
	}
	return errors.Join(errs...)
}

// tell adds to a question what is known of its user's turns.
func (p plays) tell(q *judges.Question) error {
	of := p.about(q)
	if of == nil {
		return nil
	}
	turns, err := of.read(of.of[q.Person.ID])
	if err != nil {
		return err
	}
	of.tell(q, turns, p.seed)
	return nil
}

// about is what the first data set says that has the judged turn, else the first that has turns of the user; nil: none has.
func (p plays) about(q *judges.Question) *play {
	key := keyOf(q.Person.ID, q.Prompt)
	i := slices.IndexFunc(p.of, func(of *play) bool { _, has := of.asked[key]; return has })
	if i < 0 {
		i = slices.IndexFunc(p.of, func(of *play) bool { return len(of.of[q.Person.ID]) > 0 })
	}
	if i < 0 {
		return nil
	}
	return p.of[i]
}

// play is what one data set says: which turns are whose, and which the prompts are from. What was said stays in the file.
type play struct {
	turns *arrowio.Table[arrowio.PlayTurn]
	of    map[string][]int   // a user's rows of turns, in the order of the data
	asked map[textKey]turnID // by user and prompt: the first of the user's turns with that prompt
}

// turnID is a turn of a conversation.
type turnID struct {
	conversation string
	turn         int32
}

// readPlay reads of some users, and of some keys of user and prompt.
func readPlay(e *Env, d dataInput, users map[string]bool, prompts map[textKey]bool) (*play, error) {
	p := &play{of: map[string][]int{}, asked: map[textKey]turnID{}}
	rows, err := arrowio.Open[arrowio.Comparison](e.Path(d.rows, comparisonsFile))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for c, err := range rows.All() {
		if err != nil {
			return nil, err
		}
		key := keyOf(c.User, c.Prompt)
		if _, met := p.asked[key]; prompts[key] && !met {
			p.asked[key] = turnID{c.Conversation, c.Turn}
		}
	}
	if p.turns, err = arrowio.Open[arrowio.PlayTurn](e.Path(d.rows, playFile)); err != nil {
		return nil, err
	}
	row := 0
	for t, err := range p.turns.All() {
		if err != nil {
			return nil, errors.Join(err, p.turns.Close())
		}
		if users[t.User] {
			p.of[t.User] = append(p.of[t.User], row)
		}
		row++
	}
	return p, nil
}

func (p *play) read(rows []int) ([]arrowio.PlayTurn, error) {
	turns := make([]arrowio.PlayTurn, len(rows))
	for i, row := range rows {
		var err error
		if turns[i], err = p.turns.At(row); err != nil {
			return nil, err
		}
	}
	return turns, nil
}

// tell adds feedback and examples to a question about a user with these turns. A turn in which the user wrote the same as in
// the judged one is no example: it is that turn, or one like it, and its verdict would be the answer. A prompt that is none of
// the user's turns leaves nothing out, and there is no feedback on it. Turns of the judged conversation come first, then the
// others, each in the order of the data; an example shows what the user wrote and not what was said before, which has the
// replies chosen there.
func (p *play) tell(q *judges.Question, turns []arrowio.PlayTurn, seed int64) {
	judged := p.judged(q, turns)
	if judged != nil {
		q.Person.Feedback = judges.Cut(judged.Feedback)
	}
	var same, others []judges.Example
	for _, t := range turns {
		example := judges.Decided(seed, t.User, t.Utterance, t.Chosen, t.Rejected)
		switch {
		case t.Chosen == "", judged != nil && strings.TrimSpace(t.Utterance) == strings.TrimSpace(judged.Utterance):
		case judged != nil && t.Conversation == judged.Conversation:
			same = append(same, example)
		default:
			others = append(others, example)
		}
	}
	q.Person.Others = judges.Fit(append(same, others...))
}

// judged is the user's turn that a question is about; nil: none of theirs.
func (p *play) judged(q *judges.Question, turns []arrowio.PlayTurn) *arrowio.PlayTurn {
	id, ok := p.asked[keyOf(q.Person.ID, q.Prompt)]
	if !ok {
		return nil
	}
	i := slices.IndexFunc(turns, func(t arrowio.PlayTurn) bool { return turnID{t.Conversation, t.Turn} == id })
	if i < 0 {
		return nil
	}
	return &turns[i]
}
