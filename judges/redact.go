package judges

import (
	"regexp"
	"slices"
	"strings"
)

// aWord is what words are compared by: letters and digits.
var aWord = regexp.MustCompile(`[\pL\pN]+`)

const (
	quotedWords    = 3       // that follow each other as they do in a question are a quotation of it
	mostQuoted     = 8 << 10 // bytes of something said that are looked at: errors show less, and a broken server may say megabytes
	telltaleLength = 4       // letters and digits that something said of a user has to have to be looked for by itself
)

// Redact leaves out of something said, by a judge or its server, what repeats the question or names its user: an error, which
// goes into logs, may show the rest. Of a long text it is the beginning.
func (q Question) Redact(said string) string {
	if len(said) > mostQuoted {
		said = strings.ToValidUTF8(said[:mostQuoted], "")
	}
	p := q.Person
	texts := []string{q.Prompt, q.First, q.Second, p.Text, p.Feedback}
	for _, o := range p.Others {
		texts = append(texts, o.Prompt, o.First, o.Second)
	}
	own := []string{p.Text, p.Feedback}
	for _, value := range p.Attributes {
		texts, own = append(texts, value), append(own, value)
	}
	said = strings.NewReplacer(`\n`, "\n", `\r`, "\n", `\t`, "\t").Replace(said) // of JSON: else they stick to the next word
	at := aWord.FindAllStringIndex(said, -1)
	words := make([]string, len(at))
	for i, a := range at {
		words[i] = strings.ToLower(said[a[0]:a[1]])
	}
	hidden := make([]bool, len(words))
	hide := func(phrase []string) {
		for i := 0; len(phrase) > 0 && i+len(phrase) <= len(words); i++ {
			if slices.Equal(words[i:i+len(phrase)], phrase) {
				for k := range phrase {
					hidden[i+k] = true
				}
			}
		}
	}
	hide(wordsOf(p.ID))
	for _, text := range own {
		if phrase := wordsOf(text); len(strings.Join(phrase, "")) >= telltaleLength {
			hide(phrase)
		}
	}
	asked := map[string]bool{}
	for _, text := range texts {
		of := wordsOf(text)
		for i := range len(of) - quotedWords + 1 {
			asked[strings.Join(of[i:i+quotedWords], " ")] = true
		}
	}
	for i := range len(words) - quotedWords + 1 {
		if asked[strings.Join(words[i:i+quotedWords], " ")] {
			for k := range quotedWords {
				hidden[i+k] = true
			}
		}
	}
	return cutOut(said, at, hidden)
}

func wordsOf(text string) []string {
	return aWord.FindAllString(strings.ToLower(text), -1)
}

// cutOut puts […] for each run of hidden words.
func cutOut(said string, at [][]int, hidden []bool) string {
	var b strings.Builder
	end := 0
	for i, a := range at {
		if !hidden[i] {
			continue
		}
		if i == 0 || !hidden[i-1] {
			b.WriteString(said[end:a[0]] + "[…]")
		}
		end = a[1]
	}
	return b.String() + said[end:]
}
