// Post-processors: the special tokens that belong around a text.
package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// template is what Encode(addSpecial) puts before and after a text.
type template struct{ prefix, suffix []int32 }

func parseTemplate(raw json.RawMessage) (template, error) {
	if isNull(raw) {
		return template{}, nil
	}
	switch kind := kindOf(raw); kind {
	case "ByteLevel": // moves offsets only
		var f byteLevelFields
		return template{}, wrap("post-processor ByteLevel", strict(raw, &f))
	case "TemplateProcessing":
		t, err := parseTemplateProcessing(raw)
		return t, wrap("post-processor TemplateProcessing", err)
	case "Sequence":
		return parseTemplates(raw)
	default:
		return template{}, unknown("post-processor", kind)
	}
}

func parseTemplates(raw json.RawMessage) (template, error) {
	var s struct {
		Type       string
		Processors []json.RawMessage
	}
	if err := strict(raw, &s); err != nil {
		return template{}, fmt.Errorf("post-processor Sequence: %w", err)
	}
	var all template
	for _, part := range s.Processors {
		t, err := parseTemplate(part)
		if err != nil {
			return template{}, err
		}
		all = template{slices.Concat(t.prefix, all.prefix), slices.Concat(all.suffix, t.suffix)}
	}
	return all, nil
}

// templatePiece is {"SpecialToken": {"id": ..}} or {"Sequence": {"id": "A"}}.
type templatePiece map[string]struct {
	ID     string `json:"id"`
	TypeID int    `json:"type_id"`
}

func parseTemplateProcessing(raw json.RawMessage) (template, error) {
	var f struct {
		Type          string
		Single        []templatePiece
		Pair          []templatePiece // for two texts, which we never encode together
		SpecialTokens map[string]struct {
			ID     string
			IDs    []int32
			Tokens []string
		} `json:"special_tokens"`
	}
	if err := strict(raw, &f); err != nil {
		return template{}, err
	}
	var t template
	texts := 0
	for _, piece := range f.Single {
		sequence, isText := piece["Sequence"]
		special, isSpecial := piece["SpecialToken"]
		token, known := f.SpecialTokens[special.ID]
		switch {
		case len(piece) != 1 || isText == isSpecial || isText && sequence.ID != "A":
			return t, fmt.Errorf("piece %v of single is not known", piece)
		case isText:
			texts++
		case !known:
			return t, fmt.Errorf("token %q of single is not among special_tokens", special.ID)
		case texts == 0:
			t.prefix = append(t.prefix, token.IDs...)
		default:
			t.suffix = append(t.suffix, token.IDs...)
		}
	}
	if texts != 1 {
		return t, errors.New("single must hold the text, $A, once")
	}
	return t, nil
}
