package formats

// What a judge who plays a user of PRISM is told beside the survey: what the user wrote about conversations, and what they
// chose in each turn. It includes turns that come later than the one that is judged and turns of the test side: for
// judges only. No training, reference or tokenize stage may read it.

import "iter"

// PlayTurn is a turn of a conversation as a judge may be told of it.
type PlayTurn struct {
	User, Conversation string
	Turn               int32
	Utterance          string // what the user wrote
	Chosen, Rejected   string // "" where the turn has none; of several rejected replies the first
	Feedback           string // on the whole conversation
}

// ReadPlay yields the turns of all conversations that ReadPRISM can use.
func ReadPlay(source string) iter.Seq2[PlayTurn, error] {
	return func(yield func(PlayTurn, error) bool) {
		for line, err := range readPRISM(source) {
			if err != nil {
				yield(PlayTurn{}, err)
				return
			}
			if line.conversation == nil {
				continue
			}
			for _, t := range line.conversation.turns {
				if !yield(line.conversation.play(t), nil) {
					return
				}
			}
		}
	}
}

func (c *conversation) play(t turn) PlayTurn {
	p := PlayTurn{User: c.user, Conversation: c.id, Turn: t.number, Utterance: t.utterance, Feedback: c.feedback}
	if len(t.chosen) > 0 {
		p.Chosen = t.chosen[0]
		if others := without(t.rejected, p.Chosen); len(others) > 0 {
			p.Rejected = others[0]
		}
	}
	return p
}
