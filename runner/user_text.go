// Texts of users (f_ex of design.md section 2): each user's text as ids of a policy's tokenizer, put between soft prompt
// and prompt. A user without a text has none of these ids; user 0 has no text of their own.
package runner

import "github.com/prlhf/prlhf/dsl"

// who is whose soft prompt and whose text an example gets.
type who struct {
	index int32  // 0 is the generic user, 1..m the users whom the policy knows
	text  string // id of the user whose text is prepended; "": none
}

// explicit tells whether users' texts are prepended.
func explicit(u *dsl.UserModel) bool { return u != nil && u.Explicit }

// explicit tells whether the policy reads users' texts.
func (p *policy) explicit() bool {
	t := p.last()
	return t != nil && explicit(t.spec.UserModel)
}

// readTexts tokenizes the texts of all users of the data sets, each once. Of a user with two texts the first counts.
func (w *world) readTexts(e *Env, t tokenizerRef) error {
	tok, err := t.load(e)
	if err != nil {
		return err
	}
	w.userTexts = map[string][]int32{}
	for _, table := range w.tables {
		for _, u := range table.users {
			if _, done := w.userTexts[u.ID]; !done && u.Text != "" {
				w.userTexts[u.ID] = tok.EncodePlain(u.Text)
			}
		}
	}
	return nil
}
