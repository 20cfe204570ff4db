package openai

import "github.com/prlhf/prlhf/judges"

// Reckoned is what asking one question will take.
type Reckoned struct {
	Key      string // of the request; one that was sent is not sent again. "": the template cannot ask it, so nothing is sent
	TokensIn int    // at bytesPerToken
	Kept     bool   // an answer is kept already
}

// Reckon says what asking would take, without asking.
func (j *Judge) Reckon(q judges.Question) (Reckoned, error) {
	messages, err := j.template.Ask(q)
	if err != nil { // Ask makes it an answer without a verdict
		return Reckoned{}, nil
	}
	var r Reckoned
	for try := range 2 {
		body, key, err := j.request(messages, try)
		if err != nil {
			return r, err
		}
		r.Key, r.TokensIn = key, len(body)/bytesPerToken
		said, known := j.log.Get(key)
		if !known {
			return r, nil
		}
		if j.template.Read(said.Text) != judges.Unscored {
			break
		}
	}
	r.Kept = true // or asked twice in vain, which is not asked again
	return r, nil
}
