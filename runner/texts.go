// Responses as stages and reports read them: of a generate block, or one side of a data set's comparisons.
package runner

import (
	"errors"
	"io"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// texts are responses as a stage reads them: a generate block's, or those of a data set.
type texts struct {
	set    *dsl.Set
	node   *Node // with responses.arrow; nil: of a data set
	inputs dataInputs
}

func (t texts) describe(w io.Writer, name string) {
	if t.node == nil { // else it is an input
		t.inputs.describe(w, name, t.set)
	}
}

// several tells whether there may be several texts for one prompt and user.
func (t texts) several() bool { return t.set.Op == dsl.SetGenerated && t.set.Generate.Samples > 1 }

func (t texts) nodes() []*Node {
	if t.node != nil {
		return []*Node{t.node}
	}
	return t.inputs.inputs(false)
}

// response is a text for a prompt and a user; sample tells several for one user apart.
type response struct {
	prompt, user string
	sample       int32
	text         string
}

// read lists the responses, texts and all.
func (t texts) read(e *Env) ([]response, error) {
	table, err := t.open(e)
	if err != nil {
		return nil, err
	}
	defer table.Close()
	out := make([]response, len(table.places))
	for i := range out {
		if out[i], err = table.at(i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// textTable is responses by number: where each stands is in memory, what it says is read when asked for.
type textTable struct {
	io.Closer
	places []textPlace
	at     func(i int) (response, error)
}

// textPlace is what responses are matched by.
type textPlace struct {
	prompt textKey
	user   string
	sample int32
}

// open lists where the responses stand; close the table in the end.
func (t texts) open(e *Env) (*textTable, error) {
	if t.node == nil {
		return t.openSide(e)
	}
	rows, err := arrowio.Open[arrowio.Response](e.Path(t.node, responsesFile))
	if err != nil {
		return nil, err
	}
	out := &textTable{Closer: rows, places: make([]textPlace, 0, rows.Len())}
	out.at = func(i int) (response, error) {
		r, err := rows.At(i)
		return response{r.PromptText, r.User, r.Sample, r.Text}, err
	}
	users := map[string]string{} // one copy of each
	for r, err := range rows.All() {
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		if _, met := users[r.User]; !met {
			users[r.User] = r.User
		}
		out.places = append(out.places, textPlace{keyOf(r.PromptText), users[r.User], r.Sample})
	}
	return out, nil
}

// openSide lists one side of comparisons.
func (t texts) openSide(e *Env) (*textTable, error) {
	w, err := t.inputs.open(e)
	if err != nil {
		return nil, err
	}
	refs, err := w.responses(t.set, true)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	out := &textTable{Closer: w, places: make([]textPlace, len(refs))}
	for i, r := range refs {
		c, err := w.comparison(r.rowRef)
		if err != nil {
			return nil, errors.Join(err, w.Close())
		}
		out.places[i] = textPlace{prompt: keyOf(c.Prompt), user: c.User}
	}
	out.at = func(i int) (response, error) {
		c, err := w.comparison(refs[i].rowRef)
		text := c.Chosen
		if refs[i].side == 1 {
			text = c.Rejected
		}
		return response{prompt: c.Prompt, user: c.User, text: text}, err
	}
	return out, nil
}
