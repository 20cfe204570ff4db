// Verdicts in the page: each folded away under its outcome. page.js, which the page's policy admits by its hash and which
// no text of a report can reach, adds a filter by user and outcome.

package reports

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"strings"
)

//go:embed page.js
var pageScript string

// htmlScript is the page's script with the hash that its policy names.
type htmlScript struct {
	Source template.JS
	Hash   string
}

// scriptFor is the script of a page that has verdicts, else nil.
func scriptFor(r *Report) *htmlScript {
	for _, s := range r.Sections {
		for _, b := range s.Blocks {
			if _, ok := b.(*Verdicts); ok {
				hash := sha256.Sum256([]byte(pageScript))
				return &htmlScript{template.JS(pageScript), base64.StdEncoding.EncodeToString(hash[:])}
			}
		}
	}
	return nil
}

type htmlVerdicts struct {
	Title, Candidate, Baseline string
	Notes                      []string
	Users                      []string // of the filter; a verdict's User is its place here
	Outcomes                   []Outcome
	Items                      []htmlVerdict
}

type htmlVerdict struct {
	User        int
	Outcome     Outcome
	Name, Group string
	Brief       string // the prompt's beginning
	Prompt      template.HTML
	Candidate   htmlText
	Baseline    htmlText
	Opinions    []htmlOpinion
}

type htmlOpinion struct {
	First, Winner string
	Reason        template.HTML
}

// briefLength is how many characters of a prompt stand in the line that is always seen.
const briefLength = 90

func newHTMLVerdicts(title string, v *Verdicts) *htmlVerdicts {
	out := &htmlVerdicts{Title: title, Candidate: oneLine(v.Candidate), Baseline: oneLine(v.Baseline), Notes: printableAll(v.Notes)}
	at := map[string]int{}
	for _, item := range v.Items {
		name := oneLine(item.User)
		if _, met := at[name]; !met {
			at[name] = len(out.Users)
			out.Users = append(out.Users, name)
		}
		verdict := htmlVerdict{User: at[name], Outcome: item.Outcome, Name: name, Group: oneLine(item.Group), Brief: brief(item.Prompt), Prompt: preserved(item.Prompt),
			Candidate: htmlText{out.Candidate, preserved(item.Candidate), unseen(item.Candidate)},
			Baseline:  htmlText{out.Baseline, preserved(item.Baseline), unseen(item.Baseline)}}
		for _, o := range item.Orders {
			opinion := htmlOpinion{First: oneLine(o.First), Winner: oneLine(o.Winner)}
			if o.Reason != "" {
				opinion.Reason = preserved(o.Reason)
			}
			verdict.Opinions = append(verdict.Opinions, opinion)
		}
		out.Items = append(out.Items, verdict)
	}
	for _, o := range []Outcome{Won, Lost, Tied, Failed} {
		for _, item := range v.Items {
			if item.Outcome == o {
				out.Outcomes = append(out.Outcomes, o)
				break
			}
		}
	}
	return out
}

// brief is the beginning of a text on one line.
func brief(text string) string {
	runes := []rune(strings.Join(strings.Fields(printable(text)), " "))
	if len(runes) <= briefLength {
		return string(runes)
	}
	return string(runes[:briefLength]) + " ..."
}
