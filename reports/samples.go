// Texts side by side: users of one prompt stand below it together, those with the same texts share them, and so do sources that
// wrote the same. The JSON has every text of every user.

package reports

import "slices"

// askedPrompt is a prompt with the texts of everybody who was asked it.
type askedPrompt struct {
	Prompt  string
	Answers []sharedAnswer
}

// sharedAnswer is texts and the users who got them.
type sharedAnswer struct {
	Readers []readers
	Texts   []sharedText
	all     []string // a text per source
}

// readers are users of one group; "" is no group.
type readers struct{ Names, Group string }

// sharedText is a text and the sources that wrote it.
type sharedText struct{ Sources, Text string }

// byPrompt puts the samples together, prompts, users and sources in the order in which they first appear.
func (s *Samples) byPrompt() []askedPrompt {
	var out []askedPrompt
	for _, item := range s.Items {
		p := slices.IndexFunc(out, func(a askedPrompt) bool { return a.Prompt == item.Prompt })
		if p < 0 {
			p = len(out)
			out = append(out, askedPrompt{Prompt: item.Prompt})
		}
		answers := &out[p].Answers
		a := slices.IndexFunc(*answers, func(a sharedAnswer) bool { return slices.Equal(a.all, item.Texts) })
		if a < 0 {
			a = len(*answers)
			*answers = append(*answers, sharedAnswer{all: item.Texts, Texts: s.shared(item.Texts)})
		}
		(*answers)[a].add(item.User, item.Group)
	}
	return out
}

func (a *sharedAnswer) add(user, group string) {
	for i := range a.Readers {
		if a.Readers[i].Group == group {
			a.Readers[i].Names += ", " + user
			return
		}
	}
	a.Readers = append(a.Readers, readers{user, group})
}

// shared puts the sources together that wrote the same.
func (s *Samples) shared(texts []string) []sharedText {
	var out []sharedText
	for i, text := range texts {
		if k := slices.IndexFunc(out, func(t sharedText) bool { return t.Text == text }); k >= 0 {
			out[k].Sources += ", " + s.Sources[i]
			continue
		}
		out = append(out, sharedText{s.Sources[i], text})
	}
	return out
}
