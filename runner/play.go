// What a judge who plays users is told of their turns (Section 5.3 and Table 9 of the paper): the feedback on the
// conversation that the judged sample is from, and the user's other turns with what they chose, later ones too. It is read
// from roleplay.arrow here, for questions, and nowhere else.
package runner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/judges"
)

const playVersion = 1 // of which turns are told, and in which order

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

// tellTurns adds to the questions what the data sets say of their users' turns; of a user who is in two the first counts.
func (s *judgeStage) tellTurns(e *Env, questions []question) error {
	told := map[string]bool{}
	for _, d := range s.played() {
		p, err := readPlay(e, d, questions)
		if err != nil {
			return err
		}
		for i := range questions {
			if q := &questions[i].Question; !told[q.Person.ID] {
				p.tell(q, s.spec.Seed)
			}
		}
		for id := range p.turns {
			told[id] = true
		}
	}
	return nil
}

// play is what a data set says of the turns of those whom questions are about.
type play struct {
	turns map[string][]arrowio.PlayTurn // by user, in the order of the data
	asked map[textKey]turnID            // by user and prompt: the first of the user's turns with that prompt
}

// turnID is a turn of a conversation.
type turnID struct {
	conversation string
	turn         int32
}

func readPlay(e *Env, d dataInput, questions []question) (*play, error) {
	p := &play{turns: map[string][]arrowio.PlayTurn{}, asked: map[textKey]turnID{}}
	users, prompts := map[string]bool{}, map[textKey]bool{}
	for _, q := range questions {
		users[q.Person.ID], prompts[keyOf(q.Person.ID, q.Prompt)] = true, true
	}
	turns, err := arrowio.Open[arrowio.PlayTurn](e.Path(d.rows, playFile))
	if err != nil {
		return nil, err
	}
	defer turns.Close()
	for t, err := range turns.All() {
		if err != nil {
			return nil, err
		}
		if users[t.User] {
			p.turns[t.User] = append(p.turns[t.User], t)
		}
	}
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
	return p, nil
}

// tell adds feedback and examples to a question. A turn in which the user wrote the same as in the judged one is no example:
// it is that turn, or one like it, and its verdict would be the answer. A prompt that is none of the user's turns leaves
// nothing out, and there is no feedback on it. Turns of the judged conversation come first, then the others, each in the
// order of the data; an example shows what the user wrote and not what was said before, which has the replies chosen there.
func (p *play) tell(q *judges.Question, seed int64) {
	turns := p.turns[q.Person.ID]
	judged := p.judged(q)
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
func (p *play) judged(q *judges.Question) *arrowio.PlayTurn {
	id, ok := p.asked[keyOf(q.Person.ID, q.Prompt)]
	if !ok {
		return nil
	}
	turns := p.turns[q.Person.ID]
	i := slices.IndexFunc(turns, func(t arrowio.PlayTurn) bool { return turnID{t.Conversation, t.Turn} == id })
	if i < 0 {
		return nil
	}
	return &turns[i]
}
