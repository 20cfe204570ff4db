// What a data set says about its users beside their comparisons: a text, and attributes by name, which row expressions and
// judges read. No stage that trains or scores does.
package runner

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
)

// described is a row of people.arrow, which import leaves for the split.
type described struct {
	ID         string `arrow:"id"`
	Text       string `arrow:"text"`
	Attributes string `arrow:"attributes"` // as in users.arrow
}

// writePeople writes those whom the format describes; in most formats nobody.
func writePeople(e *Env, format, source string) error {
	all, err := formats.People(format, source)
	if err != nil {
		return err
	}
	rows := make([]described, len(all))
	for i, p := range all {
		rows[i] = described{ID: p.ID, Text: p.Text}
		if rows[i].Attributes, err = jsonText(p.Attributes); err != nil {
			return err
		}
	}
	return arrowio.Write(e.File(peopleFile), rows)
}

// writePlay writes what judges who play a user are told (arrowio.PlayTurn). It is a table of its own so that nothing else
// can come upon it.
func writePlay(e *Env, source string) error {
	out, err := arrowio.Create[arrowio.PlayTurn](e.File(playFile))
	if err != nil {
		return err
	}
	defer out.Close()
	for t, err := range formats.ReadPlay(source) {
		if err != nil {
			return err
		}
		if err := out.Append(arrowio.PlayTurn(t)); err != nil {
			return err
		}
	}
	return out.Close()
}

// turnsText is a conversation as Comparison.Turns has it.
func turnsText(turns []formats.Turn) (string, error) {
	if turns == nil {
		return "", nil
	}
	return jsonText(turns)
}

// jsonText has one form, keys sorted.
func jsonText(v any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "", err
	}
	return string(bytes.TrimSpace(b.Bytes())), nil
}

// promptKeyOf is the key of a row's prompt: of all turns where it is a conversation.
func promptKeyOf(r formats.Record) textKey {
	if r.Turns == nil {
		return keyOf(r.Prompt)
	}
	parts := []string{"conversation"}
	for _, t := range r.Turns {
		parts = append(parts, t.Role, t.Content)
	}
	return keyOf(parts...)
}

// userValues is a user of a data set as row expressions see them: id, text, group and the attributes. What the format has
// and the data does not say of them is empty.
func userValues(set *dsl.Dataset, u arrowio.User) (map[string]dsl.Value, error) {
	user := map[string]dsl.Value{}
	for _, name := range dsl.FormatFields(set.Format) {
		user[name] = emptyField(name)
	}
	if u.Attributes != "" {
		var attributes map[string]any
		if err := json.Unmarshal([]byte(u.Attributes), &attributes); err != nil {
			return nil, fmt.Errorf("attributes of %s: %w", person{seen: u.Seen, index: u.Index}.nameless(), err)
		}
		for name, value := range attributes {
			user[name] = attributeValue(value)
		}
	}
	user["id"], user["text"], user["group"] = u.ID, u.Text, u.Group
	return user, nil
}

// emptyField is what the data does not say of somebody.
func emptyField(name string) dsl.Value {
	if name == "stated_preferences" {
		return []dsl.Value{}
	}
	return ""
}

func attributeValue(v any) dsl.Value {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	values := make([]dsl.Value, len(list))
	for i, item := range list {
		values[i] = item
	}
	return values
}
